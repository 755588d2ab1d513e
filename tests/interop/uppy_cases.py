"""Resumable uploads with @uppy/tus, on @uppy/core: paused, gone on with by a new process, in parts, cancelled."""
from harness import Server, case, node
from tus_cases import MIB, cut_and_finished, deleted, in_parts, lines, offset, restarted, source, storage, stored

SCRIPT = "uppy.js"


def uppy(server, what, path, *options):
    requests, url = lines(node(SCRIPT, what, path, server.url("/files/"), storage(server), *options))
    return [(method, value) for method, value in requests if method != "paused"], url


@case
def a_file_arrives_whole():
    for options in ([], ["chunkSize=1000000"], ["uploadDataDuringCreation=true"], ["overridePatchMethod=true"]):
        with Server() as server:
            path, data = source(server, 5 * MIB + 17)
            requests, url = uppy(server, "upload", path, *options)
            assert requests[0][0] == "POST", requests
            assert offset(server, url) == (200, len(data))
            assert stored(server, data), options


@case
def an_empty_file_arrives():
    with Server() as server:
        path, _ = source(server, 0)
        _, url = uppy(server, "upload", path)
        assert offset(server, url) == (200, 0)


@case
def a_paused_upload_goes_on_where_it_was():
    with Server() as server:
        path, data = source(server, 8 * MIB + 3)
        requests, url = uppy(server, "pause", path, 3 * MIB, f"chunkSize={MIB}")
        assert [method for method, _ in requests].count("POST") == 1, requests
        assert ("HEAD", "-") in requests, requests
        assert offset(server, url) == (200, len(data))
        assert stored(server, data)


@case
def a_paused_upload_is_finished_by_a_new_process():
    with Server() as server:
        path, data = source(server, 8 * MIB + 3)
        _, left = uppy(server, "leave", path, 3 * MIB, f"chunkSize={MIB}")
        status, begun = offset(server, left)
        assert status == 200 and 3 * MIB <= begun < len(data), begun
        assert not stored(server, data)
        requests, url = uppy(server, "upload", path)
        assert url == left and requests[0][0] == "HEAD" and "POST" not in dict(requests), requests
        assert int(requests[1][1]) >= 3 * MIB, requests
        assert offset(server, url) == (200, len(data))
        assert stored(server, data)


@case
def an_upload_cut_half_way_is_finished_by_a_new_process():
    cut_and_finished(SCRIPT)


@case
def an_upload_survives_a_server_that_is_killed_and_started_again():
    requests = restarted(SCRIPT, Server.kill, f"chunkSize={4 * MIB}")
    assert [method for method, _ in requests].count("POST") == 1, requests


@case
def a_file_in_parallel_parts_is_put_together():
    in_parts(SCRIPT)


@case
def a_cancelled_upload_is_gone():
    deleted(SCRIPT, "cancel")
