/*-------------------------------------------------------------------------
 *
 * load_log.h
 *	  What is told while a load runs: to standard error or a file, as text or JSON lines.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_LOG_H
#define VP_LOAD_LOG_H

#include "load/load_options.h"
#include "load/load_text.h"

/* False: the file cannot be opened; it has told so. */
extern bool ld_log_begin(const LdOptions *options);

/* Any thread may call these. */
extern void ld_log(LdLevel level, const char *format,...) LD_PRINTF(2, 3);

/*
 * An event with fields: `text` for people, `json` the members of an object besides time, level and
 * event, without braces.
 */
extern void ld_log_event(LdLevel level, const char *event, const char *message, const char *json);
extern bool ld_logs(LdLevel level);

/* The line of the bar on a terminal, which is written anew below what is logged; "": none. */
extern void ld_log_bar(const char *bar);

/* A JSON string with its quotes, from UTF-8 or from any other bytes. */
extern void ld_json_quote(LdText *json, const char *string);
extern void ld_json_quote_bytes(LdText *json, const char *data, size_t len);

#endif							/* VP_LOAD_LOG_H */
