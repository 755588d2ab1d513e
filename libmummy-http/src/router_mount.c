/* router_mount.c - routers below routers, and the redirect to the path with a slash more or less. */
#include <config.h>
#include <stdio.h>
#include "internal.h"
#include "router_tree.h"

/* ---- Slashes ---------------------------------------------------------------------------------- */

static void redirect(mummy_http_exchange *x, void *ctx)
{
	(void)ctx;
	mhttp_redirect(x);
}

const struct mummy_http_route mhttp_slash_route = { .handler = redirect, .flags = MUMMY_HTTP_INLINE };

/* ---- Mounts ----------------------------------------------------------------------------------- */

struct mount {
	mummy_http_router *r;
	struct mhttp_site *site;
	const char *prefix;
	size_t prefix_n;                     /* 0: "/" */
	int only_ask;                        /* whether something is there already */
};

static int mount_entry(const struct mount *m, const struct mhttp_entry *e)
{
	size_t n = strlen(e->pattern);
	char *pattern = malloc(m->prefix_n + n + 1);
	int rc = 0;

	if (!pattern)
		return -ENOMEM;
	memcpy(pattern, m->prefix, m->prefix_n);
	memcpy(pattern + m->prefix_n, e->pattern, n + 1);
	if (!m->only_ask)
		rc = mhttp_site_add(m->r, m->site, e->method, pattern, &e->route, e->slash);
	else if (mhttp_entry_at(m->site, pattern, e->method))
		rc = -EEXIST;
	free(pattern);
	return rc;
}

static int mount_node(const struct mount *m, const struct mhttp_node *n)
{
	int rc = 0;

	for (const struct mhttp_entry *e = n->entries; e && rc == 0; e = e->next)
		rc = mount_entry(m, e);
	for (size_t i = 0; i < n->nliterals && rc == 0; i++)
		rc = mount_node(m, n->literals[i]);
	if (n->param && rc == 0)
		rc = mount_node(m, n->param);
	if (n->tail && rc == 0)
		rc = mount_node(m, n->tail);
	return rc;
}

static int host_is_plain(const char *host)
{
	if (!*host)
		return 0;
	for (; *host; host++)
		if ((unsigned char)*host <= ' ' || *host == 0x7f || strchr("/?#@\\", *host))
			return 0;
	return 1;
}

/* The routes of a host, made where there are none; NULL: no memory. */
static struct mhttp_site *site_for(mummy_http_router *r, const char *host)
{
	struct mhttp_site **s = &r->site.next;
	char *name;

	if (!host)
		return &r->site;
	name = strdup(host);
	if (!name)
		return NULL;
	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	for (; *s; s = &(*s)->next)
		if (!strcmp((*s)->host, name)) {
			free(name);
			return *s;
		}
	*s = calloc(1, sizeof **s);
	if (!*s) {
		free(name);
		return NULL;
	}
	(*s)->host = name;
	return *s;
}

static void let_go(void *sub)
{
	mummy_http_router_unref(sub);
}

int mummy_http_router_mount(mummy_http_router *r, const char *host, const char *prefix,
			    mummy_http_router *sub)
{
	struct mount m = { .r = r, .prefix = prefix, .only_ask = 1 };
	int rc;

	if (atomic_load(&r->frozen))
		return -EBUSY;
	if (r == sub || sub->site.next || (host && !host_is_plain(host))
	    || mhttp_check_prefix(prefix, &m.prefix_n) < 0)
		return -EINVAL;
	m.site = site_for(r, host);
	if (!m.site)
		return -ENOMEM;
	rc = mount_node(&m, &sub->site.root);
	if (rc < 0)
		return rc;
	rc = mhttp_router_own(r, let_go, mummy_http_router_ref(sub));
	if (rc < 0) {
		mummy_http_router_unref(sub);
		return rc;
	}
	mhttp_router_freeze(sub);            /* what came later would not be seen */
	m.only_ask = 0;
	rc = mount_node(&m, &sub->site.root);
	return rc < 0 ? rc
		      : mhttp_middles_mount(&r->middles, m.site->host, prefix, m.prefix_n, &sub->middles);
}
