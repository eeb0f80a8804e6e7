/*-------------------------------------------------------------------------
 *
 * load_error.h
 *	  Errors of the server, of the connection and of records, and what to do about each kind.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_ERROR_H
#define VP_LOAD_ERROR_H

#include <libpq-fe.h>
#include <stdbool.h>

typedef enum LdErrorKind
{
	LD_RETRY,					/* may succeed when it is tried again */
	LD_LIMIT,					/* a limit refuses: again after a time, and
								 * with less */
	LD_BAD_DATA,				/* the fault of a record: it will never
								 * succeed */
	LD_UNKNOWN,					/* committed or not: nobody can tell any more */
	LD_FINAL					/* the load cannot go on */
} LdErrorKind;

typedef struct LdError
{
	LdErrorKind kind;
	char		sqlstate[6];	/* "" if there is none */
	char		message[1000];
	int			line;			/* which row of a COPY, from 1; 0: not known */
	double		wait;			/* LD_LIMIT: seconds, 0 if not told */
	double		needs;			/* LD_LIMIT: what a record takes of the
								 * bucket, and the bucket's */
	double		rate;			/* figures; 0 if not told */
	double		burst;
} LdError;

extern void ld_error_set(LdError *error, LdErrorKind kind, const char *sqlstate, const char *format,...)
			__attribute__((format(printf, 4, 5)));

/* From a result that failed, or from the connection if that is lost. */
extern void ld_error_from(LdError *error, PGconn *conn, const PGresult *result);

/* What an SQLSTATE means to a load; never LD_UNKNOWN. */
extern LdErrorKind ld_error_kind(const char *sqlstate);

/* Reads what a refusal says in its field CONSTRAINT NAME; false: it says nothing. */
extern bool ld_error_read_limit(LdError *error, const char *field);

#endif							/* VP_LOAD_ERROR_H */
