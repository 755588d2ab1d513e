"""Chromium: the demo page, and a page of another origin."""
import json
import os

from harness import Server, Setup, case, node, tool
from tus_cases import MIB, source, stored


@case
def chromium_chats_between_two_tabs_and_uploads_a_file_to_the_end():
    picture = os.path.join(Setup.artifacts, "page.png")
    with Server() as server:
        path, data = source(server, 12 * MIB)
        assert node("browser.js", tool("chromium"), server.url("/"), path, picture).endswith("done\n")
        assert stored(server, data)
    assert os.path.getsize(picture) > 10000


def page_of_another_origin(*options):
    """What a script on it learns from a server with the options, to which its origin is added."""
    with Server() as pages:
        pages.write("index.html", b"<!doctype html><title>elsewhere</title>")
        pages.stop()
        pages.start()               # what / is was settled at the start
        origin = pages.url("")
        with Server(*options, origin) as server:
            told = json.loads(node("cors.js", tool("chromium"), pages.url("/"), server.url("")))
            kept = stored(server, b"a file" * 50000)
    return told, kept, server.url("/files/")


def errors(told, credentials):
    return [told[f"{what} {credentials}"].split(" ", 1)[0] for what in ("missing", "escape", "length")]


@case
def a_page_of_another_origin_uploads_and_reads_errors():
    for option in ("--cors", "--upload-origins"):
        told, kept, files = page_of_another_origin("--cors-credentials", option)
        assert told["plain"].startswith(files) and told["credentials"].startswith(files) and kept, told
        assert errors(told, "omit") == errors(told, "include") == ["404", "400", "400"], told
        assert "Upload-Length" in told["length include"], told


@case
def without_the_option_it_has_no_credentials():
    told, kept, files = page_of_another_origin("--cors")
    assert told["plain"].startswith(files) and told["credentials"] == "refused" and kept, told
    assert errors(told, "omit") == ["404", "400", "400"], told
    assert errors(told, "include") == ["TypeError"] * 3, told


@case
def a_page_that_is_not_named_gets_nothing():
    told, kept, _ = page_of_another_origin("--cors", "https://a.example", "--ws-origin")
    assert told["plain"] == told["credentials"] == "refused" and not kept, told
    assert errors(told, "omit") == errors(told, "include") == ["TypeError"] * 3, told
