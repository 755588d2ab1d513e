/*
 * chat.h - /ws/chat: everybody gets what anybody says.
 *
 * A client sends plain text; the server sends JSON, one object a message:
 *     {"type":"welcome","id":3,"name":"Ada","seq":17,"clients":2}      first, to the client alone
 *     {"type":"presence","clients":2}                                  after somebody came or went
 *     {"type":"message","seq":18,"from":3,"name":"Ada","time":1700000000000,"text":"Hello"}
 * The query may give name=NAME, and since=SEQ to have what was said after that first, as far as it is kept.
 */
#ifndef MUMMY_SERVER_CHAT_H
#define MUMMY_SERVER_CHAT_H
#include <mummy/http.h>
#include <mummy/ws.h>

struct chat;

int chat_new(struct chat **out, const struct mummy_ws_executor *executor,
	     const struct mummy_ws_handshake_options *handshake);
/** After the server was freed. */
void chat_free(struct chat *c);
int chat_routes(struct chat *c, mummy_http_router *r);
void chat_stats(struct chat *c, struct mummy_ws_stats *out);
#endif
