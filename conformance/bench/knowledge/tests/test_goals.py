"""What is said of a goal."""

import unittest

from bench.knowledge.goals import NDCG, Goal, verdict
from bench.knowledge.sets import load
from bench.knowledge.spread import Estimate
from harness import paths


class Goals(unittest.TestCase):
    def test_verdicts_by_table(self):
        least, most = Goal(0.9), Goal(40, is_most=True, tried_with="a million")
        chance = ", and within 2 standard errors of the goal"
        never = Goal(0, is_most=True, called="never")
        table = [
            (never, 0, True, "never: met"),
            (never, 1, True, "never: **missed**"),
            (None, 1, True, ""),
            (least, None, True, "at least 0.9: not measured"),
            (least, 0.9, True, "at least 0.9: met"),
            (least, 0.89, True, "at least 0.9: **missed**"),
            (least, Estimate(0.95, 0.01, 9), True, "at least 0.9: met"),
            (least, Estimate(0.91, 0.01, 9), True, f"at least 0.9: met{chance}"),
            (least, Estimate(0.89, 0.01, 9), True, f"at least 0.9: **missed**{chance}"),
            (least, Estimate(0.80, 0.01, 9), True, "at least 0.9: **missed**"),
            (most, 39, True, "at most 40: met"),
            (most, 41, True, "at most 40: **missed**"),
            (most, 39, False, "at most 40: not tried with a million; here met"),
            (most, 41, False, "at most 40: not tried with a million; here **missed**"),
        ]
        for goal, measured, is_tried, expected in table:
            self.assertEqual(verdict(goal, measured, is_tried), expected)

    def test_goals_are_of_tasks_that_there_are(self):
        known = {"CNIL", "service-public.fr", "XQuAD ar", "XQuAD hi"}
        known |= {task.name for task in load(paths.CONFORMANCE / "data" / "knowledge").tasks}
        self.assertLessEqual(set(NDCG), known)


if __name__ == "__main__":
    unittest.main()
