"""River's online classifiers that may forecast regimes beside our filters, with fixed seeds and bounded size.

Cost per bar, to predict and to learn, with ten features and three regimes: softmax 30 µs, naive_bayes 110 µs, tree
90 µs. MEMBERS says which of them a regime timeframe has by default: none where bars are seconds, and softmax alone
elsewhere, for beside it the other two hardly earned a weight where they were measured.
"""

from typing import Any

from river import linear_model, naive_bayes, optim, preprocessing, tree

MEMBERS: dict[str, tuple[str, ...]] = {
    "ultra_short": (), "short": ("softmax",), "medium": ("softmax",), "long": ("softmax",),
}  # by regime timeframe  # fmt: skip
SEED = 1
LEARNING_RATE = 0.01
SHRINKAGE = 1e-3  # of the softmax's weights towards 0
TREE_DEPTH = 5
NEVER = 2**62


def member(name: str) -> Any:
    """A new classifier: softmax regression of standardised features, Gaussian naive Bayes, an adaptive Hoeffding tree.

    Bifet, Gavaldà (2009), Adaptive learning from evolving data streams, doi:10.1007/978-3-642-03915-7_22.
    """
    if name == "softmax":
        regression = linear_model.SoftmaxRegression(optimizer=optim.SGD(LEARNING_RATE), l2=SHRINKAGE)
        return preprocessing.StandardScaler() | regression
    if name == "naive_bayes":
        return naive_bayes.GaussianNB()  # type: ignore[no-untyped-call]
    if name == "tree":
        # Its depth bounds it. River's own limit by memory divides by zero once a branch was replaced (0.26.1).
        return tree.HoeffdingAdaptiveTreeClassifier(max_depth=TREE_DEPTH, memory_estimate_period=NEVER, seed=SEED)
    raise ValueError(f"member must be softmax, naive_bayes or tree, got {name!r}")
