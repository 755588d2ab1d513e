/*
 * certs.h - certificates made on the spot, and the server's side of TLS. Everything fails the running test
 * when it goes wrong.
 */
#ifndef TESTS_TOOLS_CERTS_H
#define TESTS_TOOLS_CERTS_H
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

struct ca { gnutls_x509_privkey_t key; gnutls_x509_crt_t crt; };

/** A new one that has signed itself. */
void ca_new(struct ca *ca);
/** Writes its certificate to a file, in PEM. */
void ca_write(const struct ca *ca, const char *path);
void ca_free(struct ca *ca);
/** Credentials with a certificate for host, a name or 127.0.0.1, signed by ca, that is valid until seconds
 *  from now. */
gnutls_certificate_credentials_t ca_sign(const struct ca *ca, const char *host, int seconds);
/** Accepts one connection on fd and does the handshake; NULL: that failed. *client: its descriptor. */
gnutls_session_t tls_accept(int fd, gnutls_certificate_credentials_t credentials, int *client);
#endif
