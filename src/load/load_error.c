/*-------------------------------------------------------------------------
 *
 * load_error.c
 *	  Errors of the server, of the connection and of records, and what to do about each kind.
 *
 *-------------------------------------------------------------------------
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/load_error.h"
#include "load/load_text.h"

/*
 * SQLSTATEs, or the beginnings of them; the first that fits decides.  What is not here is LD_FINAL:
 * an error that nobody foresaw must not be tried for hours, nor be blamed on records.
 */
static const struct
{
	const char *sqlstate;
	LdErrorKind kind;
}			kinds[] =

{
	{"", LD_RETRY},				/* no server said it: the connection is lost */
	{"08P01", LD_FINAL},		/* protocol violation; but see is_of_pooler() */
	{"08", LD_RETRY},			/* connection */
	{"21000", LD_BAD_DATA},		/* a row was to be updated twice */
	{"22", LD_BAD_DATA},		/* data exception */
	{"23", LD_BAD_DATA},		/* constraint */
	{"25006", LD_RETRY},		/* read-only: the primary has become a standby */
	{"25P03", LD_RETRY},		/* idle in transaction for too long */
	{"25P04", LD_RETRY},		/* transaction_timeout */
	{"40002", LD_BAD_DATA},		/* constraint, at COMMIT */
	{"40", LD_RETRY},			/* serialization, deadlock */
	{"44", LD_BAD_DATA},		/* WITH CHECK OPTION */
	{"53000", LD_LIMIT},		/* vecprov.limits */
	{"53100", LD_FINAL},		/* disk full */
	{"53400", LD_FINAL},		/* capacity is full; no meter */
	{"53", LD_RETRY},			/* out of memory, too many connections */
	{"54", LD_BAD_DATA},		/* the record is too large */
	{"55006", LD_RETRY},		/* object in use */
	{"55P03", LD_RETRY},		/* lock not available */
	{"57014", LD_RETRY},		/* canceled, or statement_timeout */
	{"57P04", LD_FINAL},		/* the database was dropped */
	{"57P", LD_RETRY},			/* shutdown, crash, start-up, idle session */
	{"P0001", LD_BAD_DATA},		/* RAISE in a trigger */
	{"P0004", LD_BAD_DATA}		/* ASSERT */
};

LdErrorKind
ld_error_kind(const char *sqlstate)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		size_t		len = strlen(kinds[i].sqlstate);

		if (len == 0 ? sqlstate[0] == '\0' : strncmp(kinds[i].sqlstate, sqlstate, len) == 0)
			return kinds[i].kind;
	}
	return LD_FINAL;
}

void
ld_error_set(LdError *error, LdErrorKind kind, const char *sqlstate, const char *format,...)
{
	va_list		list;

	memset(error, 0, sizeof(*error));
	error->kind = kind;
	snprintf(error->sqlstate, sizeof(error->sqlstate), "%s", sqlstate);
	va_start(list, format);
	vsnprintf(error->message, sizeof(error->message), format, list);
	va_end(list);
	/* it may quote a part of the data, and may have been cut off */
	ld_make_utf8(error->message);
}

/* The number behind "NAME=" in a text; 0 if it is not there. */
static double
named_number(const char *buf, const char *name)
{
	size_t		len = strlen(name);

	for (const char *at = buf; (at = strstr(at, name)) != NULL; at += len)
		if ((at == buf || at[-1] == ' ') && at[len] == '=')
			return strtod(at + len + 1, NULL);
	return 0;
}

bool
ld_error_read_limit(LdError *error, const char *field)
{
	error->wait = named_number(field, "wait_ms") / 1000;
	error->needs = named_number(field, "needs");
	error->rate = named_number(field, "rate");
	error->burst = named_number(field, "burst");
	return error->wait > 0;
}

/*
 * The row that a COPY failed at, as its context tells: "COPY items, line 3,
 * column v".  Only a hint: other languages say it in other words, and then
 * the rows are halved.
 */
static int
line_of(const char *context)
{
	const char *at = context != NULL && strncmp(context, "COPY ", 5) == 0 ? strstr(context, ", line ") : NULL;

	return at != NULL ? atoi(at + strlen(", line ")) : 0;
}

/* Without the line breaks of libpq's messages. */
static void
set_message(LdError *error, const char *message)
{
	size_t		len;

	snprintf(error->message, sizeof(error->message), "%s", message);
	len = strlen(error->message);
	while (len > 0 && strchr("\r\n ", error->message[len - 1]) != NULL)
		error->message[--len] = '\0';
	for (char *c = error->message; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
}

/*
 * PgBouncer ends the client's connection with a FATAL 08P01 if it has lost the
 * server.  A server does so only if the client breaks the protocol, as libpq
 * does not.
 */
static bool
is_of_pooler(const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	/*
	 * PgBouncer speaks English, and may leave out the field that is never
	 * translated
	 */
	if (severity == NULL)
		severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
	return severity != NULL && strcmp(severity, "FATAL") == 0 &&
		sqlstate != NULL && strcmp(sqlstate, "08P01") == 0;
}

void
ld_error_from(LdError *error, PGconn *conn, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const char *field = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);

	memset(error, 0, sizeof(*error));
	if (sqlstate != NULL)
		snprintf(error->sqlstate, sizeof(error->sqlstate), "%s", sqlstate);
	error->kind = is_of_pooler(result) ? LD_RETRY : ld_error_kind(error->sqlstate);
	set_message(error, message != NULL ? message : PQerrorMessage(conn));
	if (message != NULL && detail != NULL)
	{
		size_t		len = strlen(error->message);

		snprintf(error->message + len, sizeof(error->message) - len, " (%s)", detail);
	}
	ld_make_utf8(error->message);
	error->line = line_of(PQresultErrorField(result, PG_DIAG_CONTEXT));
	if (error->kind == LD_LIMIT && (field == NULL || !ld_error_read_limit(error, field)))
		error->kind = LD_RETRY;

	/*
	 * a server that ends a connection for a reason of its own is worth
	 * another attempt
	 */
	if (PQstatus(conn) == CONNECTION_BAD && error->kind == LD_FINAL && sqlstate == NULL)
		error->kind = LD_RETRY;
}
