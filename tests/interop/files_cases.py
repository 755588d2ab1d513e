"""Static files: ranges, conditionals, and nothing outside the root."""
import email.utils
import os
import time

from harness import Server, case
from http_cases import noise
from wire import curl, curl_head, get


@case
def curl_gets_ranges_of_a_file():
    data = noise(1 << 20)
    with Server() as server:
        server.write("data.bin", data)
        url = server.url("/data.bin")
        for text, wanted in (("0-99", data[:100]), ("1000-1000", data[1000:1001]), ("1048000-", data[1048000:]),
                             ("-500", data[-500:]), ("0-9999999", data), ("5-", data[5:])):
            body, done = curl("-r", text, url)
            assert done[0]["response_code"] == 206 and body == wanted, text
        body, _ = curl("-r", "10-19", "-i", url)
        head = curl_head(body)[0]
        assert head["content-range"] == f"bytes 10-19/{len(data)}" and head["content-length"] == "10"
        body, done = curl("-r", "2000000-", "-i", url)
        assert done[0]["response_code"] == 416
        assert curl_head(body)[0]["content-range"] == f"bytes */{len(data)}"
        body, done = curl(url)
        assert done[0]["response_code"] == 200 and body == data


@case
def a_range_that_is_not_one_gives_the_whole_file():
    with Server() as server:
        server.write("data.bin", b"0123456789")
        for text in ("bytes=x-y", "lines=1-2", "bytes=5-2", "bytes", "bytes=--1"):
            answer = get(server, "/data.bin", Range=text)
            assert answer.status == 200 and answer.body == b"0123456789", text
        assert get(server, "/data.bin")["accept-ranges"] == "bytes"


@case
def curl_resumes_a_download():
    data = noise(300000)
    with Server() as server:
        server.write("data.bin", data)
        path = os.path.join(server.folder, "download")
        with open(path, "wb") as f:
            f.write(data[:123456])
        curl("-C", "-", "-o", path, server.url("/data.bin"))
        with open(path, "rb") as f:
            assert f.read() == data


@case
def conditionals_compare_tags_and_times():
    with Server() as server:
        server.write("a.txt", b"first", age_s=1000)
        answer = get(server, "/a.txt")
        tag, changed = answer["etag"], answer["last-modified"]
        assert tag and changed
        assert get(server, "/a.txt", If_None_Match=tag).status == 304
        assert get(server, "/a.txt", If_None_Match=f'"other", {tag}').status == 304
        assert get(server, "/a.txt", If_None_Match="*").status == 304
        assert get(server, "/a.txt", If_None_Match='"other"').status == 200
        assert get(server, "/a.txt", If_Modified_Since=changed).status == 304
        older = email.utils.formatdate(time.time() - 5000, usegmt=True)
        assert get(server, "/a.txt", If_Modified_Since=older).status == 200
        assert get(server, "/a.txt", If_Match='"other"').status == 412
        assert get(server, "/a.txt", If_Unmodified_Since=older).status == 412
        assert get(server, "/a.txt", Range="bytes=1-2", If_Range=tag).body == b"ir"
        assert get(server, "/a.txt", Range="bytes=1-2", If_Range='"other"').status == 200
        server.write("a.txt", b"second", age_s=10)
        answer = get(server, "/a.txt", If_None_Match=tag)
        assert answer.status == 200 and answer.body == b"second" and answer["etag"] != tag


@case
def names_and_types_are_told():
    with Server() as server:
        server.write("with space & more.html", b"<p>")
        server.write("folder/index.html", b"index")
        server.write("folder/style.css", b"a{}")
        answer = get(server, "/with%20space%20%26%20more.html")
        assert answer.status == 200 and answer["content-type"].startswith("text/html")
        assert get(server, "/folder/").body == b"index"
        assert get(server, "/folder/style.css")["content-type"].startswith("text/css")
        assert get(server, "/folder").status in (200, 301, 307, 308)
        assert get(server, "/none").status == 404


@case
def nothing_outside_the_root_is_served():
    with Server() as server:
        with open(os.path.join(server.folder, "secret"), "wb") as f:
            f.write(b"secret")
        os.symlink("../secret", os.path.join(server.root, "link"))
        server.write("folder/a", b"a")
        for path in ("/../secret", "/%2e%2e/secret", "/..%2fsecret", "/folder/../../secret", "/folder/%2e%2e/%2e%2e/secret",
                     "/./../secret", "//../secret", "/folder/..%5c..%5csecret", "/a%00/../../secret", "/link"):
            body, done = curl("--path-as-is", server.url(path))
            assert b"secret" not in body, path
            assert 400 <= done[0]["response_code"] < 500, (path, done[0]["response_code"])


@case
def a_large_file_comes_through_whole():
    data = noise(24 << 20)
    with Server() as server:
        server.write("large.bin", data)
        body, done = curl(server.url("/large.bin"), server.url("/large.bin"))
        assert body == data * 2 and done[1]["num_connects"] == 0


@case
def fixed_mounts_win_over_files():
    with Server() as server:
        for name in ("files", "ws", "diag"):
            server.write(f"{name}/hello", b"a file")
            assert get(server, f"/{name}/hello").body != b"a file", name
