/*-------------------------------------------------------------------------
 *
 * load_test.c
 *	  The parts of vecprov-load that read: where records end, their fields, JSON, COPY's text, what
 *	  an SQLSTATE means; and any bytes at all.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/load_done.h"
#include "load/load_error.h"
#include "load/load_fields.h"
#include "load/load_split.h"
#include "unit.h"

static uint64_t seed = 17;
static char file_name[64];

static int
below(int n)
{
	return vp_unit_random(&seed) % n;
}

/* A text of characters that matter to some format. */
static void
random_text(LdText *buf, int most)
{
	static const char characters[] = "ab,\"\\\t\n\r'[]{}:01.N\x80\xff";

	ld_text_clear(buf);
	ld_text_room(buf, 1);
	for (int n = below(most); n > 0; n--)
		ld_text_char(buf, characters[below(sizeof(characters) - 1)]);
}

static void
write_file(const LdText *buf)
{
	FILE	   *file = fopen(file_name, "w");

	if (file == NULL || fwrite(buf->data, 1, buf->len, file) != buf->len || fclose(file) != 0)
		abort();
}

/* What is written as CSV, and split and cut into fields again, is the same. */
static void
test_csv(char quote, char escape)
{
	LdOptions	options = {.delimiter = ',',.quote = quote,.escape = escape,.null = ""};
	LdText		all = {0};
	LdText		fields[300];
	LdText		got = {0};
	LdInput		input;
	LdError		error;
	const char *data;
	size_t		len;
	int64_t		line;
	int			record = 0;

	for (int i = 0; i < 300; i++)
	{
		fields[i] = (LdText)
		{
			0
		};
		random_text(&fields[i], 12);
		ld_text_char(&all, quote);
		for (size_t c = 0; c < fields[i].len; c++)
		{
			if (fields[i].data[c] == quote || fields[i].data[c] == escape)
				ld_text_char(&all, escape);
			ld_text_char(&all, fields[i].data[c]);
		}
		ld_text_char(&all, quote);
		ld_text_string(&all, i % 3 < 2 ? "," : i % 2 ? "\r\n" : "\n");
	}
	write_file(&all);
	if (!ld_input_open(&input, file_name, -1, &error))
		abort();
	LdSplit		split = {.input = &input,.format = LD_CSV,.quote = quote,.escape = escape};

	VP_CHECK(ld_split_begin(&split, &error), "%s", error.message);
	while (ld_split_next(&split, &data, &len, &line, &error) > 0)
	{
		size_t		values[5];
		bool		nulls[4];
		int			n;

		ld_text_clear(&got);
		n = ld_fields_of_csv(&options, data, len, &got, values, nulls, 4);
		VP_CHECK(n == 3, "record %d has %d fields", record, n);
		for (int i = 0; i < n && i < 3; i++)
		{
			const LdText *want = &fields[3 * record + i];

			VP_CHECK(values[i + 1] - values[i] == want->len &&
					 memcmp(got.data + values[i], want->data, want->len) == 0, "record %d, field %d", record, i);
			VP_CHECK(!nulls[i], "record %d, field %d: what is in quotes is not NULL", record, i);
		}
		record++;
	}
	VP_CHECK(record == 100, "%d records", record);
	ld_input_close(&input);
	for (int i = 0; i < 300; i++)
		ld_text_free(&fields[i]);
	ld_text_free(&got);
	ld_text_free(&all);
}

/* COPY's text: a value is one field of one line, and comes back. */
static void
test_copy(void)
{
	LdText		value = {0};
	LdText		copied = {0};
	LdText		back = {0};

	for (int i = 0; i < 2000; i++)
	{
		random_text(&value, 20);
		ld_text_clear(&copied);
		ld_text_clear(&back);
		ld_text_room(&back, 1);
		ld_text_copy_value(&copied, value.data, value.len);
		ld_text_copy_decode(&back, copied.data, copied.len);
		VP_CHECK(back.len == value.len && memcmp(back.data, value.data, value.len) == 0, "value %d", i);
		VP_CHECK(memchr(copied.data, '\n', copied.len) == NULL && memchr(copied.data, '\t', copied.len) == NULL,
				 "value %d ends a field or a line", i);
	}
	ld_text_clear(&back);
	ld_text_copy_decode(&back, "\\x41\\101\\b\\v\\z\\", 15);
	VP_CHECK(strcmp(back.data, "AA\b\vz\\") == 0, "%s", back.data);
	ld_text_free(&value);
	ld_text_free(&copied);
	ld_text_free(&back);
}

/* How many members an object has; -1: it is none. */
static int
members(const char *line)
{
	LdJson		json;
	LdSlice		key;
	LdSlice		value;
	int			n = 0;

	ld_json_object(&json, line, strlen(line));
	while (ld_json_member(&json, &key, &value))
		n++;
	return json.wrong == NULL ? n : -1;
}

static void
test_json(void)
{
	static const char *const good[] = {
		"{}", " { } ", "{\"a\":1}", "{\"a\" : [1, -2.5e+3, 0.1,[ ]], \"b\":{\"c\":null}}",
		"{\"\\u00fc\\\"\":\"\\\\\",\"b\":true,\"c\":false}"
	};
	static const int counts[] = {0, 0, 1, 2, 3};
	static const char *const bad[] = {
		"", "1", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{\"a\":1}x",
		"{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":+1}", "{\"a\":NaN}", "{\"a\":1e}", "{\"a\":[1,]}",
		"{\"a\":[1 2]}", "{\"a\":\"x}", "{\"a\":\"\\", "{a:1}", "{\"a\":tru}", "{\"a\":\"\n\"}"
	};
	LdText		deep = {0};

	for (int i = 0; i < 5; i++)
		VP_CHECK(members(good[i]) == counts[i], "%s: %d", good[i], members(good[i]));
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		VP_CHECK(members(bad[i]) == -1, "%s: %d", bad[i], members(bad[i]));
	ld_text_string(&deep, "{\"a\":");
	for (int i = 0; i < 100000; i++)
		ld_text_char(&deep, '[');
	VP_CHECK(members(deep.data) == -1, "nested too deeply");
	ld_text_free(&deep);
}

static void
test_utf8(void)
{
	static const char *const good[] = {"", "a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {
		"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\xe2\x82"
	};

	for (int i = 0; i < 7; i++)
		VP_CHECK(ld_is_utf8(good[i], strlen(good[i])), "%d", i);
	for (int i = 0; i < 8; i++)
	{
		char	   *copy = ld_copy_string(bad[i]);

		VP_CHECK(!ld_is_utf8(bad[i], strlen(bad[i])), "%d", i);
		ld_make_utf8(copy);
		VP_CHECK(ld_is_utf8(copy, strlen(copy)) && strlen(copy) == strlen(bad[i]), "%d", i);
		free(copy);
	}
	VP_CHECK(!ld_is_utf8("a\0b", 3), "a zero byte");
}

/* What is done about an error decides whether records are lost: each kind is named here. */
static void
test_errors(void)
{
	static const struct
	{
		const char *sqlstate;
		LdErrorKind kind;
	}			cases[] = {
		{"", LD_RETRY}, {"08006", LD_RETRY}, {"08P01", LD_FINAL}, {"22P02", LD_BAD_DATA}, {"23505", LD_BAD_DATA},
		{"25006", LD_RETRY}, {"28P01", LD_FINAL}, {"40001", LD_RETRY}, {"40P01", LD_RETRY}, {"40002", LD_BAD_DATA},
		{"42501", LD_FINAL}, {"42P01", LD_FINAL}, {"53000", LD_LIMIT}, {"53100", LD_FINAL}, {"53200", LD_RETRY},
		{"53300", LD_RETRY}, {"53400", LD_FINAL}, {"54000", LD_BAD_DATA}, {"55000", LD_FINAL}, {"55P03", LD_RETRY},
		{"57014", LD_RETRY}, {"57P01", LD_RETRY}, {"57P03", LD_RETRY}, {"57P04", LD_FINAL}, {"P0001", LD_BAD_DATA},
		{"XX000", LD_FINAL}, {"XX001", LD_FINAL}
	};
	LdError		error;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		VP_CHECK(ld_error_kind(cases[i].sqlstate) == cases[i].kind, "%s", cases[i].sqlstate);
	VP_CHECK(ld_error_read_limit(&error, "wait_ms=12 needs=0.25 rate=2000 burst=4000") && error.wait == 0.012 &&
			 error.needs == 0.25 && error.rate == 2000 && error.burst == 4000, "%g", error.wait);
	VP_CHECK(!ld_error_read_limit(&error, "items_pkey"), "a constraint");
}

static void
test_numbers(void)
{
	static const char *const bad[] = {"", " 1", "1 ", "1x", "0x1", "+1", "9223372036854775808", "1.5", "-"};
	int64_t		value;
	double		number;

	for (int i = 0; i < 9; i++)
		VP_CHECK(!ld_parse_int(bad[i], INT64_MIN, INT64_MAX, &value), "%s", bad[i]);
	VP_CHECK(ld_parse_int("-9223372036854775808", INT64_MIN, INT64_MAX, &value) && value == INT64_MIN, "the least");
	VP_CHECK(!ld_parse_int("11", 1, 10, &value), "too large");
	VP_CHECK(!ld_parse_double("nan", 0, 1, &number) && !ld_parse_double("1e999", 0, 1e300, &number) &&
			 !ld_parse_double("0x1p3", 0, 100, &number) && ld_parse_double("2.5e1", 0, 100, &number), "doubles");
}

static void
test_done(void)
{
	LdDone		done = {0};

	ld_done_add(&done, "a", 1, 10, 5);
	ld_done_add(&done, "a", 20, 20, 5);
	ld_done_add(&done, "b", 3, 4, 5);
	for (int i = 0; i < 30; i++)
	{
		VP_CHECK((ld_done_find(&done, "a", i) != NULL) == ((i >= 1 && i <= 10) || i == 20), "a %d", i);
		VP_CHECK((ld_done_find(&done, "b", i) != NULL) == (i == 3 || i == 4), "b %d", i);
		VP_CHECK(ld_done_find(&done, "c", i) == NULL, "c %d", i);
	}
	for (int i = 0; i < done.nranges; i++)
		free(done.ranges[i].file);
	free(done.ranges);
}

/* Any bytes in any format: an error, or records within the file; never a crash. */
static void
test_anything(void)
{
	static const char *const begins[] = {
		"", "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", "\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"
	};
	LdText		all = {0};

	for (int i = 0; i < 3000; i++)
	{
		LdFormat	format = (LdFormat) (1 + i % (LD_LETTERS));
		const char *begin = begins[format == LD_BINARY ? 1 : format == LD_NPY ? 2 : 0];
		LdInput		input;
		LdError		error;
		const char *data;
		size_t		len;
		int64_t		line;
		int64_t		total = 0;

		ld_text_clear(&all);
		ld_text_bytes(&all, begin, format == LD_BINARY ? 19 : strlen(begin));
		for (int n = below(100); n > 0; n--)
			ld_text_char(&all, below(3) ? (char) below(4) : (char) below(256));
		write_file(&all);
		if (!ld_input_open(&input, file_name, -1, &error))
			abort();
		LdSplit		split = {.input = &input,.format = format,.quote = '"',.escape = '"'};

		if (ld_split_begin(&split, &error))
			while (ld_split_next(&split, &data, &len, &line, &error) > 0)
			{
				LdJson		json;
				LdSlice		key;
				LdSlice		value;

				total += len;
				ld_json_object(&json, data, len);
				while (ld_json_member(&json, &key, &value))
					;
			}
		VP_CHECK(total <= (int64_t) all.len, "more than there is");
		ld_input_close(&input);
	}
	ld_text_free(&all);
}

int
main(void)
{
	snprintf(file_name, sizeof(file_name), "/tmp/vecprov-load-test.%d", (int) getpid());
	test_csv('"', '"');
	test_csv('\'', '\\');
	test_copy();
	test_json();
	test_utf8();
	test_errors();
	test_numbers();
	test_done();
	test_anything();
	unlink(file_name);
	return vp_unit_report();
}
