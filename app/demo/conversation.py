"""Comments under designs, and likes."""

# Numbers are shares of what people do.
# ruff: noqa: PLR2004

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from app.demo.entities import Comment, Design, Like, Membership, Person
from app.demo.remarks import THREADS


def conversations(
    random: Random, designs: list[Design], memberships: list[Membership], now: datetime
) -> Iterator[Comment]:
    """Yield threads: a remark of a member, then the answers, some resolved, most of them pointing at something."""
    number = 0
    for design in designs:
        members = [m for m in memberships if m.organization == design.organization]
        editors = [m.person for m in members if m.role != "VIEWER"]
        threads = random.sample(THREADS[design.room], random.choices((0, 1, 2, 3), (3, 4, 2, 1))[0])
        for thread in threads:
            first = f"comment-{number}"
            at = design.created_at + timedelta(hours=random.randint(2, 300))
            ended = at + timedelta(hours=40 * len(thread))
            resolved = len(thread) > 1 and ended < now and random.random() < 0.45
            speakers = random.sample([m.person for m in members], 2)
            for turn, body in enumerate(thread):
                element, point = _anchor(random, design) if turn == 0 else (None, None)
                closed = resolved and turn == 0
                yield Comment(
                    key=f"comment-{number}",
                    design=design.key,
                    parent=None if turn == 0 else first,
                    author=speakers[turn % 2],
                    body=body,
                    element=element,
                    point=point,
                    created_at=min(now, at),
                    resolved_at=ended if closed else None,
                    resolved_by=random.choice(editors) if closed else None,
                )
                number += 1
                at += timedelta(minutes=random.randint(4, 2000))


def _anchor(random: Random, design: Design) -> tuple[int | None, tuple[float, float] | None]:
    furniture = [index for index, element in enumerate(design.elements) if element.kind == "FURNITURE"]
    index = random.choice(furniture)
    element = design.elements[index]
    point = (round(element.x + element.width / 2, 1), round(element.y + element.height / 2, 1))
    choice = random.random()
    if choice < 0.4:
        return index, None
    if choice < 0.6:
        return index, point
    return (None, point) if choice < 0.8 else (None, None)


def likes(random: Random, designs: list[Design], people: list[Person], now: datetime) -> Iterator[Like]:
    """Yield likes of published designs: a few are loved, most are liked by some."""
    for design in designs:
        if design.published_at is None:
            continue
        share = random.random() ** 2.2 * 0.8
        for person in people:
            if random.random() < share:
                span = max(1, int((now - design.published_at).total_seconds()))
                yield Like(design.key, person.key, design.published_at + timedelta(seconds=random.randrange(span)))
