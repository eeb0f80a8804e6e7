/*-------------------------------------------------------------------------
 *
 * load_text.c
 *	  Growing texts, memory, time, and the text format of COPY.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load/load_text.h"

static void
out_of_memory(void)
{
	fputs("vecprov-load: out of memory\n", stderr);
	exit(1);
}

void *
ld_alloc(size_t bytes)
{
	void	   *memory = calloc(1, bytes > 0 ? bytes : 1);

	if (memory == NULL)
		out_of_memory();
	return memory;
}

void *
ld_grow(void *old, size_t bytes)
{
	void	   *memory = realloc(old, bytes > 0 ? bytes : 1);

	if (memory == NULL)
		out_of_memory();
	return memory;
}

char *
ld_copy_bytes(const char *data, size_t len)
{
	char	   *copy = ld_alloc(len + 1);

	memcpy(copy, data, len);
	return copy;
}

char *
ld_copy_string(const char *string)
{
	return ld_copy_bytes(string, strlen(string));
}

void
ld_text_clear(LdText *buf)
{
	buf->len = 0;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void
ld_text_free(LdText *buf)
{
	free(buf->data);
	*buf = (LdText)
	{
		0
	};
}

/* Makes sure that so many more bytes, and a zero byte, fit. */
void
ld_text_room(LdText *buf, size_t more)
{
	size_t		size = buf->size > 0 ? buf->size : 64;

	if (buf->len + more < buf->size)
		return;
	while (size <= buf->len + more)
		size *= 2;
	buf->data = ld_grow(buf->data, size);
	buf->size = size;
	buf->data[buf->len] = '\0';
}

void
ld_text_bytes(LdText *buf, const void *data, size_t len)
{
	ld_text_room(buf, len);
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
ld_text_char(LdText *buf, char c)
{
	ld_text_bytes(buf, &c, 1);
}

void
ld_text_string(LdText *buf, const char *string)
{
	ld_text_bytes(buf, string, strlen(string));
}

static void add_format(LdText *buf, const char *format, va_list list) LD_PRINTF(2, 0);

static void
add_format(LdText *buf, const char *format, va_list list)
{
	va_list		again;
	int			len;

	va_copy(again, list);
	len = vsnprintf(NULL, 0, format, list);
	if (len > 0)
	{
		ld_text_room(buf, len);
		vsnprintf(buf->data + buf->len, len + 1, format, again);
		buf->len += len;
	}
	va_end(again);
}

void
ld_text_format(LdText *buf, const char *format,...)
{
	va_list		list;

	va_start(list, format);
	add_format(buf, format, list);
	va_end(list);
}

char *
ld_format(const char *format,...)
{
	LdText		buf = {0};
	va_list		list;

	va_start(list, format);
	ld_text_room(&buf, 1);
	add_format(&buf, format, list);
	va_end(list);
	return buf.data;
}

void
ld_text_int16(LdText *buf, int value)
{
	char		bytes[2] = {(char) (value >> 8), (char) value};

	ld_text_bytes(buf, bytes, sizeof(bytes));
}

void
ld_text_int32(LdText *buf, int64_t value)
{
	ld_text_int16(buf, (int) (value >> 16));
	ld_text_int16(buf, (int) value);
}

void
ld_text_int64(LdText *buf, int64_t value)
{
	ld_text_int32(buf, value >> 32);
	ld_text_int32(buf, value);
}

void
ld_text_hex(LdText *buf, const char *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	ld_text_room(buf, 2 * len);
	for (size_t i = 0; i < len; i++)
	{
		buf->data[buf->len++] = digits[(unsigned char) data[i] >> 4];
		buf->data[buf->len++] = digits[(unsigned char) data[i] & 15];
	}
	buf->data[buf->len] = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Returns false if it is not a whole number of bytes in hexadecimal digits. */
bool
ld_text_unhex(LdText *buf, const char *hex, size_t len)
{
	if (len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i += 2)
	{
		int			high = hex_digit(hex[i]);
		int			low = hex_digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return false;
		ld_text_char(buf, (char) (high * 16 + low));
	}
	return true;
}

/* The letter behind a backslash that stands for a character; 0: it stands for itself. */
static char
copy_escape(char c)
{
	switch (c)
	{
		case '\\':
			return '\\';
		case '\t':
			return 't';
		case '\n':
			return 'n';
		case '\r':
			return 'r';
		default:
			return 0;
	}
}

void
ld_text_copy_value(LdText *buf, const char *data, size_t len)
{
	size_t		from = 0;

	ld_text_room(buf, len);
	for (size_t i = 0; i < len; i++)
	{
		char		escape = copy_escape(data[i]);

		if (escape == 0)
			continue;
		ld_text_bytes(buf, data + from, i - from);
		ld_text_char(buf, '\\');
		ld_text_char(buf, escape);
		from = i + 1;
	}
	ld_text_bytes(buf, data + from, len - from);
}

/* One or more digits of a base behind a backslash; returns how many there were. */
static size_t
copy_digits(LdText *buf, const char *data, size_t len, int base, size_t most)
{
	int			value = 0;
	size_t		n = 0;

	while (n < len && n < most)
	{
		int			digit = hex_digit(data[n]);

		if (digit < 0 || digit >= base)
			break;
		value = value * base + digit;
		n++;
	}
	if (n > 0)
		ld_text_char(buf, (char) value);
	return n;
}

/* What COPY FROM makes of a value in its text format; \N is the caller's. */
void
ld_text_copy_decode(LdText *buf, const char *data, size_t len)
{
	static const char letters[] = "bfnrtv";
	static const char meant[] = "\b\f\n\r\t\v";

	for (size_t i = 0; i < len; i++)
	{
		const char *letter;
		size_t		n = 0;

		if (data[i] != '\\' || i + 1 == len)
		{
			ld_text_char(buf, data[i]);
			continue;
		}
		i++;
		letter = strchr(letters, data[i]);
		if (data[i] != '\0' && letter != NULL)
			ld_text_char(buf, meant[letter - letters]);
		else if (data[i] >= '0' && data[i] <= '7')
			i += copy_digits(buf, data + i, len - i, 8, 3) - 1;
		else if (data[i] == 'x' && (n = copy_digits(buf, data + i + 1, len - i - 1, 16, 2)) > 0)
			i += n;
		else
			ld_text_char(buf, data[i]);
	}
}

int
ld_get_int16(const char *data)
{
	return (int16_t) ((unsigned char) data[0] << 8 | (unsigned char) data[1]);
}

int32_t
ld_get_int32(const char *data)
{
	return (int32_t) ((uint32_t) (unsigned char) data[0] << 24 | (uint32_t) (unsigned char) data[1] << 16 |
					  (uint32_t) (unsigned char) data[2] << 8 | (uint32_t) (unsigned char) data[3]);
}

/* How many bytes the character has that begins here; 0: it is none. */
static size_t
utf8_length(const unsigned char *c, size_t left)
{
	size_t		n = 0;

	if (c[0] < 0x80)
		n = 1;
	else if (c[0] >= 0xC2 && c[0] < 0xE0)
		n = 2;
	else if ((c[0] & 0xF0) == 0xE0)
		n = 3;
	else if (c[0] >= 0xF0 && c[0] < 0xF5)
		n = 4;
	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xC0) != 0x80)
			return 0;
	/* too long, a surrogate, or beyond the last code point */
	if ((c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) ||
		(c[0] == 0xF0 && c[1] < 0x90) || (c[0] == 0xF4 && c[1] > 0x8F))
		return 0;
	return n;
}

/* Valid UTF-8 without a zero byte: what jansson and PostgreSQL take. */
bool
ld_is_utf8(const char *data, size_t len)
{
	for (size_t i = 0; i < len;)
	{
		size_t		n = utf8_length((const unsigned char *) data + i, len - i);

		if (n == 0 || data[i] == '\0')
			return false;
		i += n;
	}
	return true;
}

void
ld_make_utf8(char *string)
{
	size_t		left = strlen(string);

	while (left > 0)
	{
		size_t		n = utf8_length((const unsigned char *) string, left);

		if (n == 0)
		{
			*string = '?';
			n = 1;
		}
		string += n;
		left -= n;
	}
}

bool
ld_parse_int(const char *string, int64_t least, int64_t most, int64_t *value)
{
	char	   *end;
	long long	number;

	if (string[0] != '-' && (string[0] < '0' || string[0] > '9'))
		return false;
	errno = 0;
	number = strtoll(string, &end, 10);
	if (errno != 0 || end == string || *end != '\0' || number < least || number > most)
		return false;
	*value = number;
	return true;
}

bool
ld_parse_double(const char *string, double least, double most, double *value)
{
	char	   *end;
	double		number;

	if (string[0] == '\0' || strspn(string, "0123456789.eE+-") != strlen(string))
		return false;
	errno = 0;
	number = strtod(string, &end);
	if (errno != 0 || *end != '\0' || !isfinite(number) || number < least || number > most)
		return false;
	*value = number;
	return true;
}

double
ld_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}
