"""What makes two runs of the same journal differ, found in source: ambient clocks, randomness, environment, hash order.

Names are followed through imports, so `from time import monotonic as now` is found as what it is. A module's own
function of the same name is not.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TIME = (
    "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns thread_time sleep"
)
_TIME += " clock_gettime clock_gettime_ns localtime gmtime ctime"
AMBIENT = {
    **{f"time.{name}": "a clock" for name in _TIME.split()},
    **{f"datetime.datetime.{name}": "a clock" for name in ("now", "utcnow", "today")},
    "datetime.date.today": "a clock",
    "os.times": "a clock",
    "pandas.Timestamp.now": "a clock",
    **{f"uuid.uuid{version}": "randomness" for version in (1, 4)},
    "os.urandom": "randomness",
    "os.getrandom": "randomness",
    "random.SystemRandom": "randomness",
    "os.environ": "the environment",
    "os.getenv": "the environment",
    "os.environb": "the environment",
    "hash": "order by hash",
    "id": "order by address",
}
BUILT_IN = {"hash", "id"}
SEEDED = {"random.Random", "numpy.random.default_rng", "numpy.random.Generator", "numpy.random.SeedSequence"}
SEEDED |= {"numpy.random.PCG64", "numpy.random.RandomState"}  # fine with a seed, ambient without
MODULES = {"random": "randomness", "secrets": "randomness", "numpy.random": "randomness"}  # all that is in them
ORDERLESS = {"sorted", "len", "min", "max", "sum", "any", "all", "set", "frozenset", "Counter", "dict.fromkeys"}
ORDERED = {"list", "tuple", "iter", "next", "enumerate", "zip", "map", "filter", "reversed", "deque"}
SETS = {"set", "frozenset"}
SET_METHODS = {"union", "difference", "intersection", "symmetric_difference"}


@dataclass(frozen=True)
class Found:
    """One use."""

    line: int
    name: str
    what: str  # a clock, randomness, the environment, order by hash, the order of a set


def ambient(text: str, *, waits: bool = True, sets: bool = True) -> list[Found]:
    """The uses in the source of a module, by line. `waits`: asyncio.sleep too; `sets`: iteration over sets too."""
    tree = ast.parse(text)
    names = dict(_imported(tree))
    own = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    found = [*_uses(tree, names, own - set(names), waits)]
    if sets:
        found += _set_orders(tree)
    return sorted(set(found), key=lambda use: (use.line, use.name))


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names in the module → what they stand for, in full."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield (name.asname, name.name) if name.asname else (name.name.split(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}"


def _uses(tree: ast.Module, names: Mapping[str, str], own: set[str], waits: bool) -> Iterator[Found]:
    seeded = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and (node.args or node.keywords)}
    typed = {id(part) for node in ast.walk(tree) for kind in _annotations(node) for part in ast.walk(kind)}
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name) or id(node) in typed:
            continue
        full = _full(node, names)
        if full is None or (full in BUILT_IN and (full in own or id(node) not in called)):
            continue
        what = AMBIENT.get(full) or MODULES.get(full.rpartition(".")[0])
        if waits and full == "asyncio.sleep":
            what = "a clock"
        if what is not None and not (full in SEEDED and id(node) in seeded):
            yield Found(node.lineno, full, what)


def _annotations(node: ast.AST) -> Iterator[ast.expr]:
    """Types are names too, and no use."""
    for kind in (getattr(node, "annotation", None), getattr(node, "returns", None)):
        if isinstance(kind, ast.expr):
            yield kind


def _full(node: ast.expr, names: Mapping[str, str]) -> str | None:
    """The name in full of what was imported, or of what is built in; None for a module's own."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id if node.id in BUILT_IN else None)
    if isinstance(node, ast.Attribute):
        base = _full(node.value, names)
        return None if base is None else f"{base}.{node.attr}"
    return None


def _set_orders(tree: ast.Module) -> Iterator[Found]:
    """Where the order of a set gets out: hash order differs from process to process."""
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for scope in ast.walk(tree):
        if isinstance(scope, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            held = _held_sets(scope)
            for node in _inside(scope):
                for iterated in _iterated(node):
                    if _is_set(iterated, held) and not _orderless(node, parents):
                        yield Found(iterated.lineno, ast.unparse(iterated), "the order of a set")


def _inside(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope; of a class those of its methods too, as they share its attributes."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(scope):
        yield child
        if isinstance(scope, ast.ClassDef) or not isinstance(child, inner):
            yield from _inside(child)


def _held_sets(scope: ast.AST) -> set[str]:
    """Names and attributes of the scope that hold a set."""
    held: set[str] = set()
    for _ in range(2):  # a name may be made from another
        for node in _inside(scope):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation).split("[")[0] in SETS:
                held.add(ast.unparse(node.target))
            elif isinstance(node, ast.Assign) and _is_set(node.value, held):
                held |= {ast.unparse(target) for target in node.targets}
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        given = [*scope.args.args, *scope.args.kwonlyargs]
        held |= {arg.arg for arg in given if arg.annotation and ast.unparse(arg.annotation).split("[")[0] in SETS}
    return held


def _is_set(node: ast.expr, held: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in SET_METHODS:
            return _is_set(called.value, held)
        return isinstance(called, ast.Name) and called.id in SETS
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return any(_is_set(side, held) or _is_keys(side) for side in (node.left, node.right))
    return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in held


def _is_keys(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "keys"


def _iterated(node: ast.AST) -> Iterator[ast.expr]:
    """What a node goes through in order."""
    if isinstance(node, ast.For | ast.AsyncFor):
        yield node.iter
    elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
        yield from (part.iter for part in node.generators)
    elif isinstance(node, ast.Starred):
        yield node.value
    elif isinstance(node, ast.Call) and node.args:
        called = node.func
        if (isinstance(called, ast.Name) and called.id in ORDERED) or (
            isinstance(called, ast.Attribute) and called.attr in {"join", "extend", "fromkeys", "array", "asarray"}
        ):
            yield from node.args


def _orderless(node: ast.AST, parents: Mapping[int, ast.AST]) -> bool:
    """Whether what goes through a set goes at once where order does not matter."""
    parent = parents.get(id(node))
    if isinstance(parent, ast.Set):
        return True
    return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in ORDERLESS
