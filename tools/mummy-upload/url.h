/*
 * url.h - addresses: of the server, and those it gives.
 */
#ifndef MUMMY_UPLOAD_URL_H
#define MUMMY_UPLOAD_URL_H
#include <stddef.h>

/** Where uploads are made. */
struct endpoint {
	char *url;                 /**< without name, password and fragment: may be shown */
	char *login;               /**< "NAME:PASSWORD" that was in it; NULL: none */
};

/** 0, -EINVAL, -ENOMEM. */
int url_endpoint(struct endpoint *e, const char *text);
void endpoint_free(struct endpoint *e);

/** What a Location is, seen from the endpoint. Behind proxies servers name themselves http although they are
 *  reached by https: that is put right for the endpoint's host. *out is the caller's to free. 0; -EINVAL
 *  malformed or of another scheme; -EPERM: another host, and not by https as the endpoint is; -ENOMEM. */
int url_resolve(char **out, const char *endpoint, const char *location);
/** 1 when scheme, host and port are the same: then what logs in at one may be told to the other. */
int url_same_site(const char *a, const char *b);
#endif
