/*
 * certs.c - certificates made on the spot, and the server's side of TLS.
 */
#include <config.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "suite.h"
#include "certs.h"

#define ok(call) ck_assert_int_ge((call), 0)

/* By key of issuer, or of itself. */
static gnutls_x509_crt_t certificate(gnutls_x509_privkey_t key, const char *name, const struct ca *issuer, int seconds)
{
	const time_t now = time(NULL);
	static unsigned char serial;
	gnutls_x509_crt_t crt;

	serial++;
	ok(gnutls_x509_crt_init(&crt));
	ok(gnutls_x509_crt_set_version(crt, 3));
	ok(gnutls_x509_crt_set_key(crt, key));
	ok(gnutls_x509_crt_set_serial(crt, &serial, 1));
	ok(gnutls_x509_crt_set_activation_time(crt, now - 7200));
	ok(gnutls_x509_crt_set_expiration_time(crt, now + seconds));
	ok(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name)));
	ok(gnutls_x509_crt_set_basic_constraints(crt, !issuer, -1));
	if (issuer && !strcmp(name, "127.0.0.1"))
		ok(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, "\x7f\0\0\1", 4, GNUTLS_FSAN_SET));
	else if (issuer)
		ok(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
							GNUTLS_FSAN_SET));
	else
		ok(gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN));
	ok(gnutls_x509_crt_sign2(crt, issuer ? issuer->crt : crt, issuer ? issuer->key : key, GNUTLS_DIG_SHA256, 0));
	return crt;
}

static gnutls_x509_privkey_t new_key(void)
{
	gnutls_x509_privkey_t key;

	ok(gnutls_x509_privkey_init(&key));
	ok(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	return key;
}

void ca_new(struct ca *ca)
{
	static int number;
	char name[32];

	snprintf(name, sizeof name, "test authority %d", ++number);
	ca->key = new_key();
	ca->crt = certificate(ca->key, name, NULL, 3600);
}

void ca_free(struct ca *ca)
{
	gnutls_x509_crt_deinit(ca->crt);
	gnutls_x509_privkey_deinit(ca->key);
}

void ca_write(const struct ca *ca, const char *path)
{
	FILE *f = fopen(path, "we");
	gnutls_datum_t pem;

	ck_assert_ptr_nonnull(f);
	ok(gnutls_x509_crt_export2(ca->crt, GNUTLS_X509_FMT_PEM, &pem));
	ck_assert_uint_eq(fwrite(pem.data, 1, pem.size, f), pem.size);
	gnutls_free(pem.data);
	fclose(f);
}

gnutls_certificate_credentials_t ca_sign(const struct ca *ca, const char *host, int seconds)
{
	gnutls_x509_privkey_t key = new_key();
	gnutls_x509_crt_t crt = certificate(key, host, ca, seconds);
	gnutls_certificate_credentials_t out;

	ok(gnutls_certificate_allocate_credentials(&out));
	ok(gnutls_certificate_set_x509_key(out, &crt, 1, key));
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return out;
}

gnutls_session_t tls_accept(int fd, gnutls_certificate_credentials_t credentials, int *client)
{
	gnutls_session_t tls;
	int rc;

	*client = accept(fd, NULL, NULL);
	ck_assert_int_ge(*client, 0);
	ok(gnutls_init(&tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL));
	ok(gnutls_set_default_priority(tls));
	ok(gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials));
	gnutls_transport_set_int(tls, *client);
	do {
		rc = gnutls_handshake(tls);
	} while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc == 0)
		return tls;
	gnutls_deinit(tls);
	return NULL;
}
