WITH of_runs AS (
  SELECT DISTINCT ON (run.id) place.stage, place.pieces - coalesce(ended.pieces, 0) AS open
  FROM pipeline_runs AS run
  CROSS JOIN LATERAL (VALUES
    (1, 'generate-data', 1), (2, 'version-data', 1), (3, 'train-model', jsonb_array_length(run.options -> 'candidates')),
    (4, 'register-model', 1), (5, 'summarize-run', 1)) AS place (number, stage, pieces)
  LEFT JOIN LATERAL (
    SELECT count(*)::int AS pieces FROM stage_states AS state
    WHERE state.run_id = run.id AND state.stage = place.stage AND state.status IN ('succeeded', 'failed', 'cancelled')
  ) AS ended ON true
  WHERE run.status = 'active' AND place.pieces > coalesce(ended.pieces, 0)
  ORDER BY run.id, place.number
), of_jobs AS (
  SELECT DISTINCT ON (job.id) place.stage, place.pieces - coalesce(ended.pieces, 0) AS open
  FROM prediction_jobs AS job
  CROSS JOIN LATERAL (VALUES
    (1, 'split-catalogue', 1), (2, 'predict-shard', coalesce(job.shards, 1)), (3, 'join-shards', 1)) AS place (number, stage, pieces)
  LEFT JOIN LATERAL (
    SELECT count(*)::int AS pieces FROM prediction_job_steps AS state
    WHERE state.job_id = job.id AND state.stage = place.stage AND state.status = 'succeeded'
  ) AS ended ON true
  WHERE job.status = 'active' AND place.pieces > coalesce(ended.pieces, 0)
  ORDER BY job.id, place.number
)
SELECT coalesce(sum(open), 0)::bigint AS open FROM (SELECT * FROM of_runs UNION ALL SELECT * FROM of_jobs) AS work
