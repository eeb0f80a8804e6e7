#!/usr/bin/env bash
# Parts of a test, run one after the other or beside one another with their counts added up, for the
# scripts that source this file after sandbox.sh.
#
#	stage TITLE SECONDS COMMAND...	runs a part, prints its counts, why it skipped something, and
#									what it left if it failed
#	begin TITLE SECONDS COMMAND...	begins a part, and returns at once
#	stage TITLE						waits for that, and prints the same
#	stages_end						prints the line of all counts; fails if anything did

passed=0 failed=0 skipped=0 failures=
declare -A begun=()								# parts that run: process IDs by title
crash='PANIC|terminated by signal|TRAP:'		# in a server log

begin()
{
	local title=$1 limit=$2
	shift 2

	timeout -k 30 "$limit" "$@" >"$box/log/$title.log" 2>&1 &
	begun[$title]=$!
	child=${begun[*]}
}

# Knows the lines of TAP and those of pg_regress before version 16. A part that fails without saying
# what counts as one failure.
stage()
{
	local title=$1 log=$box/log/$1.log rc counts

	[ -n "${begun[$title]:-}" ] || begin "$@"
	wait "${begun[$title]}"
	rc=$?
	unset "begun[$title]"
	child=${begun[*]}
	[ "$rc" != 124 ] || echo "ran past its time" >>"$log"

	counts=$(perl -ne '
		if (/^not ok\b(?!.*# todo)/i || /^(?:test)? +\S+ +\.\.\. failed/i) { $n{failed}++ }
		elsif (/^ok\b.*# skip/i || /\.\. skipped:/) { $n{skipped}++ }
		elsif (/^(?:not )?ok +\S/ || /^(?:test)? +\S+ +\.\.\. ok/) { $n{passed}++ }
		END { print join " ", map { $_ || 0 } @n{qw(passed failed skipped)} }' "$log")
	set -- $counts
	[ "$rc" = 0 ] || [ "$2" != 0 ] || set -- "$1" 1 "$3"
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))

	printf '%-12s %5d passed, %d failed, %d skipped\n' "$title" "$1" "$2" "$3"
	sed -nE 's/.*(# skip|\.\. skipped:) (.*)/             skipped: \2/Ip' "$log" | sort -u
	[ "$2" = 0 ] && return
	explain "$log"
	failures+=$(name_failures "$title" <"$log")$'\n'
}

# Takes away what background sessions of PostgreSQL::Test tell of each query; one that did not end is
# followed by something else than a comment.
without_chatter()
{
	awk '/^# (connect output:|issuing query)/ { skip = 1 } !/^#/ { skip = 0 } !skip; /^# }$/ { skip = 0 }'
}

# A line for each check that failed: of which stage and file; and what is told of it, before that line or after
# it. A part that failed without saying what: its last lines.
name_failures()
{
	without_chatter | perl -ne '
		BEGIN { $stage = shift }
		push @last, $_;
		shift @last if @last > 5;
		$file = $1 if m{(\S+\.pl) \.\.};
		if (/^not ok\b(?!.*# todo)/i || /^(?:test)? +\S+ +\.\.\. failed/i) {
			print join(" ", "failed: $stage", $file // (), $_), map { "        $_" } @told;
			$n++, $lines = 12, @told = ();
		}
		elsif (/^#/ && $lines) { $lines--, print "        $_" }
		elsif (/^#/) {
			push @told, $_;
			shift @told if @told > 12;
		}
		elsif (/^ok/) { @told = (), $lines = 0 }
		END { print map { "failed: $stage: $_" } @last unless $n }' "$1"
}

# The TAP files of a part that failed, or did not end, without ".pl": of each, prove --verbose
# prints its name and two dots, its checks, and a line "ok" if all is well.
failed_files()
{
	perl -ne '
		if (m{([^/\s]+)\.pl \.\.+( skipped:)?}) { print "$file\n" if $file; $file = $2 ? "" : $1 }
		elsif (/^ok$/) { $file = "" }
		elsif (/^Test Summary Report/) { last }
		END { print "$file\n" if $file }' "$1"
}

# Shows what a failed part left: its own output, differences to what was expected, and the logs of
# tests and servers that have to do with the failure. Tests that passed may have crashed servers too.
explain()
{
	local file name logs=("$box/log/server.log")

	echo "--- $1"
	grep -v '^ok' "$1" | without_chatter | tail -n 150
	find "$tree" -name regression.diffs | while read -r file; do
		echo "--- $file"
		head -n 300 "$file"
		mv "$file" "$file.shown"
	done
	if grep -q '\.pl \.\.' "$1"; then
		logs=()
		for name in $(failed_files "$1"); do
			file=$tree/tmp_check/log/regress_log_$name
			if [ -f "$file" ]; then
				echo "--- $file"
				tail -n 60 "$file"
			fi
			logs+=("$tree/tmp_check/log/$name"_*.log)
		done
	fi
	for file in "${logs[@]}"; do
		if grep -qE "$crash" "$file" 2>/dev/null; then
			echo "--- $file"
			grep -B 5 -A 10 -E "$crash" "$file" | tail -n 60
		fi
	done
}

stages_end()
{
	local counts="$passed passed, $failed failed"

	[ "$skipped" = 0 ] || counts="$counts, $skipped skipped"
	printf %s "$failures"
	echo "$counts"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
}
