"""Every error that Coinlake raises on purpose, in one tree.

    CoinlakeError
    ├── RefusalError             a service will not run until a person acts; exit code 78, nothing restarts it
    │   ├── SettingsError            a setting cannot be used
    │   ├── ExposedError             services would be open to other machines: host/exposure.py
    │   ├── AlreadyRunningError      another process does the same for this home
    │   ├── CheckpointMismatchError  a stream's checkpoint belongs to another cluster or topic
    │   └── LostOffsetsError         Kafka deleted records that a stream had still to read
    ├── PreflightError           this machine cannot run the lake yet; the message is the remedy
    ├── JarError                 a jar could not be downloaded, or is not the one that jars.lock names
    ├── ServiceError             an engine did not come up or went away
    │   ├── PrestoUnreachableError   ... Presto, which every query needs
    │   └── SinkError                ... a PostgreSQL or bucket that gold is copied to; the copy resumes by itself
    ├── StoppedError             work was interrupted because the service is stopping; it resumes at the next start
    ├── QueryError               Presto refused or failed a query; the same query will fail again
    │   └── TableMissingError        ... because a table is not registered yet
    ├── TooManyRowsError         a query's result has more rows than its caller takes
    ├── TableCopyError           a table's files cannot be copied, or are not its rows: analysis/errors.py
    │   └── CopyTooLargeError        ... because they are larger than the caller allows
    ├── UnknownNameError         the lake has no coin, product or table of that name
    ├── NotebookError            a notebook did not run to its end
    ├── UnusableInputError       a notebook called a function with rows, an option or a session that it cannot use
    ├── JobError                 a notebook job did not deliver its forecast; its leaves: analysis/jobs/errors.py
    │   ├── JobInputError            its notebook, a parameter or a file cannot be used; nothing was started
    │   ├── JobOutputError           its forecast_output.csv is missing or incomplete
    │   ├── ClusterStartError        its cluster did not reach RUNNING
    │   ├── RunFailedError           its run on Databricks ended without success
    │   ├── LeftoversError           something that it made remotely could not be deleted
    │   └── WorkspaceError           Databricks refused a step; the same call will fail again
    │       ├── NotFoundError            ... because what it is about does not exist
    │       ├── TokenRefusedError        ... because the token is wrong or has expired
    │       ├── ComputeRefusedError      ... because clusters are not allowed here
    │       ├── QuotaExceededError       ... because of a limit, so a later call may succeed
    │       └── WorkspaceUnreachableError  it does not answer, so a later call may succeed
    ├── ForecastError            prices were not forecast; its leaves: analysis/forecast/errors.py
    │   ├── HistoryError             the prices themselves cannot be forecast
    │   ├── PlanError                ... or are too few for what was asked
    │   ├── UnknownModelError        there is no model of that name
    │   └── ModelError               a model failed on a history that others could take
    ├── BackupError              a lake was not backed up or restored; its leaves: pipeline/verbs/backup/errors.py
    │   ├── DamagedBackupError       a file of the backup is missing, or is not the one that was backed up
    │   ├── NotEmptyError            the lake to restore into holds something
    │   └── UnfinishedRestoreError   the lake holds a part of a backup; it must not start
    ├── ChannelError             a channel did not take a message; its leaves: monitor/notifier/errors.py
    │   ├── RetryableChannelError    ... and may take it later
    │   └── RefusedMessageError      ... and will refuse it again
    ├── NothingOfThatNameError   there is no such alarm, mute, message or channel
    ├── StalledStreamError       a batch of a stream does not end; the supervisor starts the job again
    ├── LostCompactionError      a compaction reported success and changed nothing; it is retried later
    ├── TopicMismatchError       a topic exists with other settings than ours
    ├── RequestError             a caller of the HTTP API asked for something impossible (4xx)
    ├── EventTooLargeError       an event is larger than the topic takes
    └── SourceError              a market source failed
        ├── RetryableSourceError     the same call may succeed later (429, 5xx, time-out, cut connection)
        │   └── RateLimitedError     ... and the server said when
        └── FinalSourceError         the same call will fail again
            ├── UnknownCoinError     the market does not list this coin
            ├── RangeNotAllowedError the key does not reach that far back
            └── BadDataError         the answer or file cannot be read

Leaves say whether a retry can help; each class builds its own message from the facts it is given.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import ClassVar


class CoinlakeError(Exception):
    """Base of every error raised on purpose; `check` is that of pipeline_doctor.sh which looks closer, if any does."""

    check: ClassVar[str] = ""


class RefusalError(CoinlakeError):
    """A service will not run until a person acts: starting it again would not help."""


class SettingsError(RefusalError):
    """A setting has a value that cannot be used."""

    def __init__(self, variable: str, value: str, expected: str) -> None:
        super().__init__(f"{variable}={value!r}: expected {expected}")
        self.variable = variable


class AlreadyRunningError(RefusalError):
    """Another process does the same for this home."""

    def __init__(self, service: str, holder: str, home: str) -> None:
        super().__init__(f"{service} runs already for {home}: process {holder}")


class PreflightError(CoinlakeError):
    """This machine cannot run the lake yet; each fault is one line with its remedy."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class JarError(CoinlakeError):
    """A jar could not be downloaded, or is not the one that `jars.lock` names."""

    check = "install.jars"


class ServiceError(CoinlakeError):
    """An engine did not come up in time or went away."""

    check = "service"


class PrestoUnreachableError(ServiceError):
    """Presto does not answer, or not yet."""

    check = "service.presto"

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(
            f"Presto does not answer at {url} ({cause}): pipeline/scripts/pipeline_status.sh shows what runs, "
            f"pipeline/scripts/pipeline_setup.sh starts the lake"
        )
        self.url = url


class SinkError(ServiceError):
    """A PostgreSQL or a bucket that gold is copied to does not answer, refuses or is full; the copy resumes later."""

    def __init__(self, place: str, cause: str, remedy: str) -> None:
        super().__init__(f"{place}: {cause}. Nothing is lost, the copy resumes by itself; {remedy}")


class QueryError(CoinlakeError):
    """Presto refused or failed a query."""

    def __init__(self, name: str, message: str, query_id: str | None) -> None:
        super().__init__(f"Presto: {name}: {message} (query {query_id or 'without an id'})")
        self.name = name


class TableMissingError(QueryError):
    """A query names a table, schema or catalog that is not registered."""

    check = "tables.rows"

    def __init__(self, name: str, message: str, query_id: str | None) -> None:
        super().__init__(name, f"{message}; analysis/scripts/hive_setup.sh registers the lake's tables", query_id)


class TooManyRowsError(CoinlakeError):
    """A query's result has more rows than its caller takes; nothing of it is returned."""

    def __init__(self, max_rows: int) -> None:
        super().__init__(
            f"the result has more than {max_rows:,} rows, and would fill this program's memory. Return fewer (LIMIT, "
            f"WHERE, GROUP BY), or pass a higher limit, max_rows=N"
        )
        self.max_rows = max_rows


class UnknownNameError(CoinlakeError):
    """The lake has no coin, product or table of that name; the message names those that it has."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        near = get_close_matches(name.lower(), [one.lower() for one in known], n=1)
        meant = next((one for one in known if [one.lower()] == near), None)
        hint = f", did you mean {meant!r}?" if meant else "."
        super().__init__(f"the lake has no {kind} {name!r}{hint} It has {', '.join(known) or 'none yet'}.")


class NotebookError(CoinlakeError):
    """A notebook could not be read, or one of its cells failed."""

    def __init__(self, notebook: str, cause: str) -> None:
        super().__init__(f"{notebook}: {cause}")


class JobError(CoinlakeError):
    """A notebook job did not deliver its forecast; unless it says so, nothing of it is left on Databricks."""


class UnusableInputError(CoinlakeError):
    """A notebook called a function with rows, an option or a session that it cannot use."""


class ForecastError(CoinlakeError):
    """Prices were not forecast; the same call will fail again."""


class StoppedError(CoinlakeError):
    """Work was interrupted because the service is stopping; it resumes at the next start."""


class CheckpointMismatchError(RefusalError):
    """A stream's checkpoint was made for another Kafka cluster or another incarnation of a topic."""

    check = "stream.checkpoint"

    def __init__(self, checkpoint: str, what: str, recorded: str, found: str) -> None:
        super().__init__(
            f"checkpoint {checkpoint} was made for {what} {recorded}, but Kafka now has {found}: its offsets mean "
            f"nothing there. Bring that Kafka back, or run pipeline/scripts/reread_kafka.sh, and the new one is read "
            f"from its start (rows that are in the tables already are not written twice)."
        )


class LostOffsetsError(RefusalError):
    """Kafka deleted records that a stream had still to read."""

    check = "services.refusals"

    def __init__(self, ranges: list[str]) -> None:
        super().__init__(
            f"Kafka deleted records before they were read: {'; '.join(ranges)}. They cannot be brought back. "
            f"pipeline/scripts/skip_lost_offsets.sh accepts the loss, so that the streams continue behind it."
        )
        self.ranges = ranges


class StalledStreamError(CoinlakeError):
    """A stream has worked on one batch for too long."""

    def __init__(self, stream: str, seconds: float) -> None:
        super().__init__(f"stream {stream} has worked on one batch for {seconds:.0f} s without finishing it")


class LostCompactionError(CoinlakeError):
    """A table's compaction reported more replaced files than its snapshots show."""

    def __init__(self, table: str, reported: int, replaced: int) -> None:
        super().__init__(f"{table}: {reported} files reported as compacted, but only {replaced} were replaced")


class TopicMismatchError(CoinlakeError):
    """A topic exists with other settings than the ones it should have."""

    check = "kafka.topics"

    def __init__(self, topic: str, differences: list[str]) -> None:
        super().__init__(f"topic {topic} exists with other settings: {'; '.join(differences)}")
        self.topic = topic
        self.differences = differences


class RequestError(CoinlakeError):
    """A caller of the HTTP API asked for something that cannot be done."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class EventTooLargeError(CoinlakeError):
    """An event is larger than its topic takes."""

    def __init__(self, topic: str, size: int) -> None:
        super().__init__(f"an event of {size} bytes is larger than topic {topic} takes")


class SourceError(CoinlakeError):
    """A market source failed."""

    def __init__(self, source: str, message: str) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source


class RetryableSourceError(SourceError):
    """The same call may succeed later."""


class RateLimitedError(RetryableSourceError):
    """The server asked us to slow down; `retry_after_s` is its wish in seconds, if it named one."""

    def __init__(self, source: str, retry_after_s: float | None) -> None:
        wish = "without naming a time" if retry_after_s is None else f"for {retry_after_s:g} s"
        super().__init__(source, f"rate limit reached; the server asked us to wait {wish}")
        self.retry_after_s = retry_after_s


class FinalSourceError(SourceError):
    """The same call will fail again."""


class UnknownCoinError(FinalSourceError):
    """The market does not list this coin."""

    def __init__(self, source: str, coin: str) -> None:
        super().__init__(source, f"no coin called {coin!r}")


class RangeNotAllowedError(FinalSourceError):
    """The key in use does not reach that far back."""


class BadDataError(FinalSourceError):
    """An answer or a file cannot be read."""
