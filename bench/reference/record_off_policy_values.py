"""Writes fixtures/off-policy-values.json: what Open Bandit Pipeline estimates from made logs and from its small Open Bandit Dataset.

With obp 0.4.1, torch, pandas below 2 and numpy below 2: python bench/reference/record_off_policy_values.py > fixtures/off-policy-values.json
"""
import json
import sys

import numpy as np
from obp.dataset import OpenBanditDataset
from obp.ope import (
    DoublyRobust,
    InverseProbabilityWeighting,
    SelfNormalizedInverseProbabilityWeighting,
)


def estimate(name, reward, action, propensity, policy, expected):
    """policy and expected: [rounds, actions]; the rows of the log are those that our own code reads."""
    rounds = len(reward)
    parts = dict(
        reward=reward,
        action=action,
        pscore=propensity,
        action_dist=policy[:, :, None],
        position=np.zeros(rounds, dtype=int),
    )
    with_model = dict(parts, estimated_rewards_by_reg_model=expected[:, :, None])
    at = np.arange(rounds)
    return {
        "name": name,
        "ips": InverseProbabilityWeighting().estimate_policy_value(**parts),
        "snips": SelfNormalizedInverseProbabilityWeighting().estimate_policy_value(**parts),
        "dr": DoublyRobust().estimate_policy_value(**with_model),
        "rows": [
            [float(value) for value in row]
            for row in zip(
                propensity,
                reward,
                policy[at, action],
                expected[at, action],
                (policy * expected).sum(axis=1),
            )
        ],
    }


def made(seed, rounds, actions, rate):
    random = np.random.default_rng(seed)
    logged = random.dirichlet(np.ones(actions), size=rounds) * 0.8 + 0.2 / actions
    policy = random.dirichlet(np.full(actions, 0.5), size=rounds)
    expected = random.beta(2, 2 / rate, size=(rounds, actions))
    action = np.array([random.choice(actions, p=p / p.sum()) for p in logged])
    at = np.arange(rounds)
    reward = (random.random(rounds) < expected[at, action]).astype(float)
    return reward, action, logged[at, action], policy, expected * 0.9


def open_bandit(rounds):
    log = OpenBanditDataset(behavior_policy="random", campaign="men").obtain_batch_bandit_feedback()
    random = np.random.default_rng(7)
    policy = random.dirichlet(np.ones(log["n_actions"]), size=rounds)
    expected = np.full((rounds, log["n_actions"]), log["reward"].mean())
    return (
        log["reward"][:rounds].astype(float),
        log["action"][:rounds],
        log["pscore"][:rounds],
        policy,
        expected,
    )


json.dump(
    [
        estimate("made, 4 actions", *made(1, 300, 4, 0.3)),
        estimate("made, 20 actions, rare rewards", *made(2, 400, 20, 0.05)),
        estimate("Open Bandit Dataset, random policy, men", *open_bandit(1000)),
    ],
    sys.stdout,
)
