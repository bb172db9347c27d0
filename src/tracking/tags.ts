/** Tags by which the pipeline links tracking runs and model versions to where they come from. */
/** Id of the pipeline run. */
export const RUN_TAG = 'copyloop.run';
/** Hash of the modules of the worker that saw the training to its end. */
export const CODE_TAG = 'copyloop.code';
/** Hash of the recipe as it was asked for: what `auto` became is in the provenance. */
export const RECIPE_TAG = 'copyloop.recipe.sha256';
export const CANDIDATE_TAG = 'copyloop.candidate';
/** Number of the dataset version, and its digest. */
export const DATASET_TAG = 'copyloop.dataset';
export const DATASET_DIGEST_TAG = 'copyloop.dataset.digest';
/** Everything that the weights follow from, as JSON (src/ml/provenance). */
export const PROVENANCE_TAG = 'copyloop.provenance';
/** Hash of the weights' bytes by name. */
export const WEIGHTS_TAG = 'copyloop.weights.sha256';
