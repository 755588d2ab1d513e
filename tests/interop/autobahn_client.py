#!/usr/bin/python3
"""Autobahn's client against an echo, with and without compression: autobahn_client.py URL"""
import asyncio
import os
import sys

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import (PerMessageDeflateOffer, PerMessageDeflateResponse,
                                         PerMessageDeflateResponseAccept)

MESSAGES = [(b"", False), ("Grüße, 世界 🌍".encode(), False), (os.urandom(70000), True), (b"x" * 300000, False),
            (b"{\"a\": 1}" * 500, False), (b"", True), (os.urandom(1 << 20), True)]


class Echo(WebSocketClientProtocol):
    def onOpen(self):
        offered = self.factory.offered
        assert (self.websocket_extensions_in_use != []) == offered, self.websocket_extensions_in_use
        self.left = list(MESSAGES)
        self.next()

    def next(self):
        if not self.left:
            self.sendClose(3000, "done")
            return
        payload, binary = self.left[0]
        self.sendMessage(payload, isBinary=binary, fragmentSize=1000 if len(self.left) % 2 else None)

    def onMessage(self, payload, isBinary):
        assert (payload, isBinary) == self.left.pop(0)
        self.next()

    def onClose(self, wasClean, code, reason):
        self.factory.ended.set_result((wasClean, code, len(getattr(self, "left", MESSAGES))))


async def talk(url, offer):
    loop = asyncio.get_running_loop()
    factory = WebSocketClientFactory(url)
    factory.protocol = Echo
    factory.ended = loop.create_future()
    factory.offered = offer is not None
    if offer:
        factory.setProtocolOptions(
            perMessageCompressionOffers=[PerMessageDeflateOffer(**offer)],
            perMessageCompressionAccept=lambda r: PerMessageDeflateResponseAccept(r) if isinstance(
                r, PerMessageDeflateResponse) else None)
    host, port = factory.host, factory.port
    await loop.create_connection(factory, host, port)
    got = await asyncio.wait_for(factory.ended, 60)
    assert got == (True, 3000, 0), (offer, got)


async def main():
    await talk(sys.argv[1], None)
    for no_takeover in (False, True):
        for bits in (0, 9, 12, 15):
            await talk(sys.argv[1], {"accept_no_context_takeover": True, "accept_max_window_bits": True,
                                     "request_no_context_takeover": no_takeover, "request_max_window_bits": bits})
    print("done")


asyncio.run(main())
