/*-------------------------------------------------------------------------
 *
 * load_text.h
 *	  Growing texts, memory, time, and the text format of COPY.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_TEXT_H
#define VP_LOAD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LD_PRINTF(string, first) __attribute__((format(printf, string, first)))

/*
 * A text that grows; it may hold any bytes, and has a zero byte behind them.
 * {0} is an empty one.
 */
typedef struct LdText
{
	char	   *data;			/* NULL: nothing has been written yet */
	size_t		len;
	size_t		size;
} LdText;

/* Memory that is never NULL: the program ends where there is none. */
extern void *ld_alloc(size_t bytes);
extern void *ld_grow(void *old, size_t bytes);
extern char *ld_copy_string(const char *string);
extern char *ld_copy_bytes(const char *data, size_t len);
extern char *ld_format(const char *format,...) LD_PRINTF(1, 2);

extern void ld_text_clear(LdText *buf);
extern void ld_text_free(LdText *buf);
extern void ld_text_room(LdText *buf, size_t more);
extern void ld_text_bytes(LdText *buf, const void *data, size_t len);
extern void ld_text_char(LdText *buf, char c);
extern void ld_text_string(LdText *buf, const char *string);
extern void ld_text_format(LdText *buf, const char *format,...) LD_PRINTF(2, 3);
extern void ld_text_int16(LdText *buf, int value);
extern void ld_text_int32(LdText *buf, int64_t value);
extern void ld_text_int64(LdText *buf, int64_t value);
extern void ld_text_hex(LdText *buf, const char *data, size_t len);
extern bool ld_text_unhex(LdText *buf, const char *hex, size_t len);

/* A value in COPY's text format, and back. */
extern void ld_text_copy_value(LdText *buf, const char *data, size_t len);
extern void ld_text_copy_decode(LdText *buf, const char *data, size_t len);

/* The integers of binary formats. */
extern int	ld_get_int16(const char *data);
extern int32_t ld_get_int32(const char *data);

extern bool ld_is_utf8(const char *data, size_t len);

/* Puts question marks where a string is not UTF-8. */
extern void ld_make_utf8(char *string);

/* Numbers as people write them: the whole string must be one, within bounds. */
extern bool ld_parse_int(const char *string, int64_t least, int64_t most, int64_t *value);
extern bool ld_parse_double(const char *string, double least, double most, double *value);

/* Seconds of a clock that never goes back. */
extern double ld_now(void);

#endif							/* VP_LOAD_TEXT_H */
