/*
 * name_pattern.h - wildcards in names of files.
 */
#pragma once

#include <stdbool.h>

/*
 * True if the name is one that the pattern describes, as NT's FsRtlIsNameInExpression: '*' any
 * characters, '?' one; '<' any characters up to the last dot or the end, '>' one character, or none
 * before a dot or the end, '"' a dot or the end. Case is ignored.
 */
bool name_matches(const char *pattern, const char *name);
