/* A client's handshake and the frame of a message, and libmummy-ws alone. */
#include <stdio.h>
#include <string.h>
#include <mummy/ws.h>

int main(void)
{
	const struct mummy_ws_frame hello = { .opcode = MUMMY_WS_TEXT, .fin = 1, .length = 5 };
	struct mummy_ws_frame back;
	uint8_t octets[14];
	char head[512], key[25];
	int n = mummy_ws_client_request(head, sizeof head, "localhost", "/chat", NULL, key);

	if (n < 0 || strlen(key) != 24 || mummy_ws_frame_header(octets, &hello) != 2
	    || mummy_ws_frame_parse(octets, 2, &back) != 2 || back.length != hello.length)
		return 1;
	printf("libmummy-ws %s\n%.*s", mummy_ws_version(), n, head);
	return 0;
}
