"""The demo page in Chromium."""
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
