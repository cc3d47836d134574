"""`barograph release`: a person ends a halt. The account itself resumes by `barograph account resume`, as always."""

from pathlib import Path

from flows.kill.kill import who
from flows.kill.target import Target
from flows.kill.terms import Terms
from flows.kill.under_way import alone
from flows.kill.venue import TroubleError, VenueSide
from market.clock import Clock
from market.errors import SettingsError
from sinks.orders.halt import halt_path, put_aside, write_halt


async def release(data: Path, target: Target, clock: Clock, *, reason: str) -> Path:
    """Lift the suspension at the venue and put HALT aside, with the reason in it; where it is now. Raises SettingsError
    and leaves the halt where that cannot be done, and where nobody says why.
    """
    if not reason.strip():
        raise SettingsError("say who releases and why with --reason")
    if not halt_path(data).exists():
        raise SettingsError(f"{data} is not halted")
    if target.unknown:
        raise SettingsError(f"whose suspension to lift is not known: {target.unknown}")
    with alone(data):
        if target.venue is not None and target.venue.capability.suspends:
            side = VenueSide(target.venue, Terms(), clock)
            try:
                await side.suspend(False)
            except TroubleError as error:
                raise SettingsError(
                    f"the suspension at {target.venue.name} could not be lifted: {error}; try again"
                ) from None
            finally:
                side.end()
        try:
            write_halt(data, time_ns=clock.now_ns(), action="release", reason=reason, who=who())
            return put_aside(data, clock.now_ns())
        except OSError as error:
            raise SettingsError(f"HALT could not be put aside: {error}") from None
