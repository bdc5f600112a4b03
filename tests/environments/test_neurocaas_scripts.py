"""Analysis scripts of NeuroCAAS, one of each style, run as they are but for their first lines, with the results that they had."""

from __future__ import annotations

import json
from pathlib import Path

import skyburst

SCRIPTS = Path(__file__).parent / "scripts"


def results_of(analysis, tmp_path, **fields):
    (tmp_path / "data.txt").write_text("1\n2\n5\n")
    result = skyburst.run(str(SCRIPTS / analysis), items=[str(tmp_path / "data.txt")], **fields)
    handle = skyburst.JobHandle(result.job_id)
    job, (status,) = handle.record(), handle.datasets()
    return result.job_id, {
        name: Path(file.location).read_text() for name, file in handle.home.dataset_files(job, status).items()
    }


def test_a_script_of_the_older_style_downloads_computes_and_uploads(tmp_path):
    job_id, files = results_of("older", tmp_path, parameters={"scale": 4}, group="lab1")
    assert json.loads(files.pop("config.json")) == {"scale": 4}
    assert files == {
        "scaled_data.txt": "4\n8\n20\n",
        "names.txt": (
            f"older\nlab1\nresults/job__older_{job_id}\nresults/job__older_{job_id}/process_results\ndata.txt\nconfig.json\n"
        ),
        "update.txt": "",
    }, "and no film: files with that ending are left out"


def test_a_script_that_calls_neurocaas_contrib_gets_its_data_and_puts_its_results(tmp_path):
    _, files = results_of("contrib", tmp_path)
    assert json.loads(files.pop("config.json")) == {"scale": 3}
    assert files == {
        "scaled_data.txt": "4\n7\n16\n",
        "names.txt": "data.txt\nconfig.json\nlocal\n",
        "update.txt": "",
    }
