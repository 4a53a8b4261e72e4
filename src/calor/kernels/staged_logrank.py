"""Log-rank sums of one stratum at several calendar cuts, after a single sort.

At a cut, who has left by then (event, dropout) is ordered by follow-up once and for all; the others are censored by the
cut, at the cut less their entry, and are therefore ordered by entry already. The number at risk at an event is those
of the first kind who left no earlier, plus those of the second who entered soon enough. Follow-up is taken to be
continuous: of two tied events the second is counted with the first gone.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from calor.kernels.logrank import one_event

_ACTIVE, _EVENT = np.int64(1), np.int64(2)
_FLAGS = np.int64(3)


@njit(cache=True)
def order_leavers(
    time: np.ndarray, end: np.ndarray, flags: np.ndarray, cut: float, leaver: np.ndarray, left: np.ndarray
) -> int:
    """Sort by follow-up those who have left by the cut.

    Two buckets per leaver, then insertion: linear in time for follow-up that is spread out.

    Args:
        time: Follow-up until event or dropout.
        end: Calendar time of it.
        flags: 1 for the active arm, plus 2 for an event.
        cut: Calendar time of the last look.
        leaver: Written here: follow-up of the leavers, ascending, with the flags in its last two bits.
        left: Written here: calendar time at which each left.

    Returns:
        Number of leavers.
    """
    n = end.size
    who = np.empty(n, dtype=np.int64)
    leavers = 0
    for i in range(n):
        who[leavers] = i
        leavers += end[i] <= cut
    if leavers == 0:
        return 0
    longest = 0.0
    for i in range(leavers):
        longest = max(longest, time[who[i]])
    buckets = 2 * leavers
    counts = np.zeros(buckets + 2, dtype=np.int64)
    scale = buckets / longest if longest > 0.0 else 0.0
    for i in range(leavers):
        counts[int(time[who[i]] * scale) + 1] += 1
    for b in range(buckets + 1):
        counts[b + 1] += counts[b]
    key = leaver.view(np.int64)
    bits = time.view(np.int64)
    for i in range(leavers):
        own = who[i]
        b = int(time[own] * scale)
        place = counts[b]
        counts[b] = place + 1
        key[place] = (bits[own] & ~_FLAGS) | flags[own]
        left[place] = end[own]
    for i in range(1, leavers):
        own, gone = key[i], left[i]
        j = i
        while j > 0 and key[j - 1] > own:
            key[j] = key[j - 1]
            left[j] = left[j - 1]
            j -= 1
        key[j] = own
        left[j] = gone
    return leavers


@njit(cache=True, error_model="numpy")
def logrank_at(
    entry: np.ndarray,
    end: np.ndarray,
    flags: np.ndarray,
    leaver: np.ndarray,
    left: np.ndarray,
    cut: float,
    before: np.ndarray,
) -> tuple[float, float, int]:
    """Sum observed minus expected events of the active arm, with all data up to a calendar cut.

    Args:
        entry: Calendar time of entry, ascending.
        end: Calendar time of event or dropout.
        flags: 1 for the active arm, plus 2 for an event.
        leaver: From `order_leavers`, for this cut or a later one.
        left: From there.
        cut: Calendar time of the look.
        before: Room for one number more than participants.

    Returns:
        Observed minus expected events of the active arm, their hypergeometric variance, and the events.
    """
    waiting = np.uint64(0)
    before[0] = waiting
    entered = 0
    for i in range(entry.size):
        if entry[i] > cut:
            break
        arms = np.uint64(1) + (np.uint64(flags[i] & _ACTIVE) << np.uint64(32))
        waiting += arms if end[i] > cut else np.uint64(0)
        before[i + 1] = waiting
        entered = i + 1
    key = leaver.view(np.int64)
    score = variance = 0.0
    events = 0
    gone = np.uint64(0)
    latest = 0
    for i in range(leaver.size - 1, -1, -1):
        if left[i] > cut:
            continue
        flag = key[i] & _FLAGS
        gone += np.uint64(1) + (np.uint64(flag & _ACTIVE) << np.uint64(32))
        if flag & _EVENT:
            last_entry = cut - leaver[i]
            while latest < entered and entry[latest] <= last_entry:
                latest += 1
            risk = gone + before[latest]
            at_risk = np.float64(np.int64(risk & np.uint64(0xFFFFFFFF)))
            expected, spread = one_event(np.float64(np.int64(risk >> np.uint64(32))), at_risk)
            score += np.float64(flag & _ACTIVE) - expected
            variance += spread
            events += 1
    return score, variance, events
