"""A plan in words: what each entry field reads, what that leads to, and in which wave; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schema.compiled.branches import Branch, CanvasBranch, LikedBranch, ReferenceBranch, RelatedBranch
from schema.compiled.shapes import PageShape, Plan, Root, Shape


@dataclass(frozen=True)
class Step:
    """One step: how deep it stands below its entry field, its wave (from 1), and what it does.

    A `snapshot` is two commands of its own.
    """

    depth: int
    wave: int
    text: str
    snapshot: bool = False


def steps(plan: Plan) -> list[Step]:
    """Return a plan's steps, each before what it leads to."""
    return [step for root in plan.roots for step in _root(plan, root)]


def commands(plan: Plan) -> int:
    """Return how many commands a plan sends to MongoDB: one a wave, and two for canvases, of one snapshot.

    Lists that turn out to be too long to be counted beside other reads take further ones.
    """
    found = steps(plan)
    waves = {step.wave for step in found if not step.snapshot}
    canvases = {step.wave for step in found if step.snapshot}
    return len(waves) + 2 * len(canvases)


def _root(plan: Plan, root: Root) -> Iterator[Step]:
    name = plan.arguments[root.arguments].node.name.value
    if root.page is not None:
        yield Step(0, 1, f"{name}: a page of a list{_counted(root.page)}{_of(plan, root.page.nodes)}")
        yield from _below(plan, root.page.nodes, 1, 1)
        return
    yield Step(0, 1, f"{name}: by id{_of(plan, [*root.shapes.values()])}")
    yield from _below(plan, [*root.shapes.values()], 1, 1, by_ids=True)


def _below(plan: Plan, shapes: Sequence[Shape], depth: int, wave: int, *, by_ids: bool = False) -> Iterator[Step]:
    """Describe what rows that are read in a wave lead to; `by_ids` says that their ids are known before."""
    for branch in (branch for shape in shapes for branch in shape.branches):
        yield from _branch(plan, branch, depth, wave if by_ids and branch.early else wave + 1)


def _branch(plan: Plan, branch: Branch, depth: int, wave: int) -> Iterator[Step]:
    match branch:
        case ReferenceBranch():
            shapes: tuple[Shape, ...] = (branch.shape,)
            yield Step(depth, wave, f"reference {branch.key}{_of(plan, shapes)}")
        case RelatedBranch():
            shapes = branch.page.nodes
            lists = " or ".join(name for name in (branch.collection, branch.public) if name is not None)
            yield Step(depth, wave, f"list {lists}, for each row{_counted(branch.page)}{_of(plan, shapes)}")
        case CanvasBranch():
            shapes = branch.page.nodes
            yield Step(depth, wave, f"canvas, of one moment{_of(plan, shapes)}", snapshot=True)
        case LikedBranch():
            shapes = ()
            yield Step(depth, wave, "likes of the viewer")
        case _:
            raise TypeError(f"{type(branch).__name__} has no description")
    yield from _below(plan, shapes, depth + 1, wave, by_ids=isinstance(branch, ReferenceBranch))


def _counted(page: PageShape) -> str:
    return ", counted" if page.counted else ""


def _of(plan: Plan, shapes: Sequence[Shape]) -> str:
    """Say which attributes are read of which types."""
    kinds = dict.fromkeys(shape.document.__name__ for shape in shapes)
    read = (f"{kind}({', '.join(name for name in plan.projections[kind] if name != '_id')})" for kind in kinds)
    return f" → {', '.join(read)}" if kinds else ""
