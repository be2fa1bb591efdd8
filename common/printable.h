/*
 * Text from outside (names in archives and tables, of files) on a terminal: control bytes in it could move
 * the cursor, hide lines or type for the user.
 *
 *	printf("%s\n", printable(name));        // name, changed in place
 */
#ifndef COMMON_PRINTABLE_H
#define COMMON_PRINTABLE_H

/* Put '?' for each control character, ASCII's and C1 in UTF-8, and each byte that is not UTF-8. Returns text.
 * */
char *printable(char *text);

/* The same, but line ends and tabs stay: for a whole table. */
char *printable_lines(char *text);

#endif
