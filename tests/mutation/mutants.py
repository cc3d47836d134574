"""Every small change of a module that its tests ought to notice, one at a time, as source text.

Left out are annotations, docstrings, decorators, texts and what is only said to people (log lines, texts of errors).
"""

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple

COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd,
}  # fmt: skip
SAID = ("log", "warnings", "_log")  # names whose calls only tell people something


class Mutant(NamedTuple):
    """One change."""

    line: int
    change: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """All mutants of a module, in the order of its text."""
    tree = ast.parse(source)
    found = [
        _made(tree, number, change) for number, node in enumerate(_nodes(tree)) for change in range(len(_ways(node)))
    ]
    return [mutant for mutant in found if mutant is not None]


def _made(tree: ast.Module, number: int, change: int) -> Mutant | None:
    changed = copy.deepcopy(tree)
    node = list(_nodes(changed))[number]
    line, before = node.lineno, ast.unparse(node)  # type: ignore[attr-defined]
    _ways(node)[change]()
    after = ast.unparse(node)
    return Mutant(line, f"{_short(before)} → {_short(after)}", ast.unparse(ast.fix_missing_locations(changed)))


def _short(text: str) -> str:
    first, _, more = text.partition("\n")
    return f"{first} …" if more else first


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in which a change would be one of behaviour."""
    for child in ast.iter_child_nodes(node):
        if _is_silent(child):
            continue
        if hasattr(child, "lineno"):
            yield child
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            for statement in child.body:
                if not _is_silent(statement):
                    yield statement
                    yield from _nodes(statement)
        elif isinstance(child, ast.AnnAssign):
            if child.value is not None:
                yield child.value
                yield from _nodes(child.value)
        else:
            yield from _nodes(child)


def _is_silent(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise | ast.Import | ast.ImportFrom | ast.Assert | ast.JoinedStr):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _is_said(node.value)
    return False


def _is_said(call: ast.AST) -> bool:
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in SAID
    )


def _ways(node: ast.AST) -> list:  # type: ignore[type-arg]
    """What can be done to one node, as functions that do it."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in COMPARED:
            return [lambda: setattr(node, "ops", [COMPARED[type(operator)]()])]
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in COMPUTED:
            return [lambda: setattr(node, "op", COMPUTED[type(operator)]())]
        case ast.BoolOp(op=operator):
            return [lambda: setattr(node, "op", ast.Or() if isinstance(operator, ast.And) else ast.And())]
        case ast.UnaryOp(op=ast.Not()):
            return [lambda: setattr(node, "op", ast.UAdd()) or setattr(node, "operand", _truth(node.operand))]
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            return [lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), test))]
        case ast.Constant(value=bool() as value):
            return [lambda: setattr(node, "value", not value)]
        case ast.Constant(value=int() | float() as value):
            return [lambda: setattr(node, "value", value + 1)]
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            return [lambda: setattr(node, "value", ast.Constant(None))]
        case ast.Expr(value=ast.Call()):
            return [lambda: setattr(node, "value", ast.Constant(None))]
        case ast.Subscript(slice=ast.Slice(lower=lower)) if lower is not None:
            return [lambda: setattr(node.slice, "lower", None)]
    return []


def _truth(node: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("bool", ast.Load()), [node], [])
