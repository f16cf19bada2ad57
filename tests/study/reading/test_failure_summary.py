"""The failures of a study at a glance."""


def test_kinds_come_with_their_counts_and_latest_runs(study, batch_of):
    with study.writing() as writer:
        tasks = list(study.tasks(study.pending()))
        writer.add(batch_of(tasks[:6], failing=[1, 3, 4]))
    (kind,) = study.failure_kinds(latest=2)
    assert (kind.stage, kind.error_type, kind.count) == ("stepping", "ValueError", 3)
    assert [run.run_id for run in kind.latest] == [4, 3]
    assert kind.latest[0].message == "it broke"


def test_what_a_later_attempt_finished_has_not_failed(study, batch_of):
    tasks = list(study.tasks(study.pending()))
    with study.writing() as writer:
        writer.add(batch_of(tasks, failing=[1, 3]))
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([1])))
    (kind,) = study.failure_kinds()
    assert [run.run_id for run in kind.latest] == [3]


def test_nothing_failed(filled):
    assert filled.failure_kinds() == ()
