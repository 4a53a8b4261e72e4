"""Cut the data for the safety board, and open what was cut to those who may read it."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils import timezone

from calor import __version__
from calor.errors import ConductError
from calor.report.section import Section
from calor.trial.provenance import sha256
from calor.web import served
from calor.web.access import authenticate_again
from calor.web.allocator import with_arms
from calor.web.audit import append, name_of, save_audited
from calor.web.board.closed_report import analysis_section, closed_report
from calor.web.board.coding import codes
from calor.web.board.contents import contents
from calor.web.board.cut import Whole, shown, whole
from calor.web.board.open_report import open_report
from calor.web.board.tables import digest, written
from calor.web.capture.models import DataCut, WithheldCut
from calor.web.models import Participant
from calor.web.permissions import Action, Role, check
from calor.web.services.accounts import check_reason
from calor.web.services.alerts import withheld_chain
from calor.web.services.corrections import store_signature
from calor.web.services.hold import hold
from calor.web.services.notices import notify

MEANING = "I cut these data for the safety board"


@with_arms(asked=False)
def make_cut(
    actor: Any, trial: Any, *, name: str, cutoff: date, reason: str, look: str = "", username: str, password: str
) -> Any:
    """Freeze the data up to a day, signed; the board is told that its reports are there.

    Args:
        actor: The unblinded statistician.
        trial: The trial.
        name: What the cut is called, once in a trial.
        cutoff: Last day of what counts.
        reason: What it is made for.
        look: Id of the planned look that it is made for; empty for none.
        username: The actor's name again.
        password: The actor's password again.

    Raises:
        ConductError: The actor may not, name or reason is blank, the name is taken, the day lies in the future or
            before the first randomization, the look is none of the protocol's or was made, or name or password differs.
    """
    check(actor, Action.MAKE_CUT, trial)
    check_reason(reason)
    plan, text = served.protocol().looks, (served.folder() / "protocol.toml").read_text(encoding="utf-8")
    planned = [] if plan is None else [each.id for each in plan.looks]
    _check_day(trial, cutoff)
    authenticate_again(actor, username, password)
    with transaction.atomic(durable=True):
        # Writers finish first.
        hold(trial=trial)
        before = DataCut.objects.filter(trial=trial)
        _check_new(before, name.strip(), look, planned)
        told, withheld = (written(part) for part in contents(trial, text, cutoff))
        record = DataCut(
            trial=trial, number=before.count() + 1, name=name.strip(), reason=reason.strip(), cutoff=cutoff, look=look,
            protocol=sha256(text.encode()), version=__version__, content=told,
            digest=digest(told, withheld), by=actor, at=timezone.now(),
        )  # fmt: skip
        save_audited(record, chain=trial.code, actor=actor.username, action=Action.MAKE_CUT, reason=reason)
        part = WithheldCut(trial=trial, cut=record, content=withheld)
        save_audited(part, chain=withheld_chain(trial), actor=actor.username, action=Action.MAKE_CUT)
        store_signature(actor, trial, record, MEANING)
        notify(actor, trial, (Role.SAFETY_BOARD,), f"The reports of the data cut {record.name!r} can be read.")
    return record


def read_open(actor: Any, cut: Any) -> tuple[Section, ...]:
    """Return the report without arms.

    Raises:
        ConductError: The actor may not.
    """
    check(actor, Action.READ_OPEN, cut.trial)
    return _open(cut.digest)


@with_arms(asked=False)
def read_closed(actor: Any, cut: Any) -> tuple[Section, ...]:
    """Return the report by coded arms; each reading is written to the withheld trail first.

    Raises:
        ConductError: The actor may not, or the content is not what was cut.
    """
    check(actor, Action.READ_CLOSED, cut.trial)
    append(withheld_chain(cut.trial), actor=actor.username, action=Action.READ_CLOSED, record=name_of(cut))
    looks = DataCut.objects.filter(trial=cut.trial, number__lte=cut.number).exclude(look="").order_by("number")
    return _closed(cut.digest, tuple(looks.values_list("digest", flat=True)))


@with_arms(asked=False)
def read_result(actor: Any, cut: Any, analysis: str) -> Section:
    """Return one declared analysis by coded arms; as `read_closed`.

    Raises:
        ConductError: The actor may not, or the content is not what was cut.
        CalorError: The data do not support the analysis.
    """
    check(actor, Action.READ_RESULTS, cut.trial)
    chain, record = withheld_chain(cut.trial), name_of(cut)
    append(chain, actor=actor.username, action=Action.READ_RESULTS, record=record, reason=analysis)
    return _result(cut.digest, analysis)


@with_arms(asked=False)
def read_codes(actor: Any, trial: Any, *, reason: str, username: str, password: str) -> dict[str, str]:
    """Tell which letter stands for which arm; the board is told that it was asked for.

    Raises:
        ConductError: The actor may not, the reason is blank, or name or password differs.
    """
    check(actor, Action.READ_CODES, trial)
    check_reason(reason)
    authenticate_again(actor, username, password)
    with transaction.atomic(durable=True):
        chain = withheld_chain(trial)
        append(chain, actor=actor.username, action=Action.READ_CODES, reason=reason)
        notify(actor, trial, (Role.SAFETY_BOARD,), f"{actor.last_name} read which arm each letter stands for: {reason}")
    return {letter: arm for arm, letter in sorted(codes(trial).items(), key=lambda pair: pair[1])}


def _check_day(trial: Any, cutoff: date) -> None:
    if cutoff > timezone.now().date():
        raise ConductError.must("cutoff", "not lie in the future", cutoff, fix="Cut what has happened.")
    if not Participant.objects.filter(trial=trial, allocation__at__date__lte=cutoff).exists():
        rule = "be on or after the first randomization"
        raise ConductError.must("cutoff", rule, cutoff, fix="Nobody had been randomized by then.")


def _check_new(before: Any, name: str, look: str, planned: list[str]) -> None:
    if not name or before.filter(name=name).exists():
        rule = "be a name that no other cut has"
        raise ConductError.must("name", rule, repr(name), fix="A cut is never changed; make a new one.")
    if look and look not in planned:
        raise ConductError.must("look", f"be one of {', '.join(planned) or 'none'}", look, fix="See the protocol.")
    if not look:
        return
    done = [each for each in planned if before.filter(look=each).exists()]
    if look in done or planned.index(look) < len(done):
        raise ConductError.must("look", "be made once, in order", look, fix=f"Made so far: {', '.join(done)}.")


# What is made of a cut is the same each time: the digest, which covers all of it, says what was made.
@lru_cache(maxsize=8)
def _open(digest: str) -> tuple[Section, ...]:
    return open_report(shown(_cut(digest)))


@lru_cache(maxsize=8)
def _closed(digest: str, looks: tuple[str, ...]) -> tuple[Section, ...]:
    return closed_report(_whole(digest), [_whole(each) for each in looks])


@lru_cache(maxsize=64)
def _result(digest: str, analysis: str) -> Section:
    return analysis_section(_whole(digest), analysis)


@lru_cache(maxsize=8)
def _whole(digest: str) -> Whole:
    return whole(_cut(digest))


def _cut(digest: str) -> Any:
    return DataCut.objects.select_related("trial").filter(digest=digest).order_by("pk")[0]
