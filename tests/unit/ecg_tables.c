/* PTB-XL's tables, the generic list of records, checksum lists, names of files and statements. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ecg/field.h"
#include "ecg/identifier.h"
#include "ecg/listing.h"
#include "ecg/path.h"
#include "ecg/person.h"
#include "ecg/ptbxl.h"
#include "ecg/statements.h"
#include "ecg/sums.h"

#define STATEMENTS_HEAD ",description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass\n"
#define STATEMENTS                                                                                           \
	STATEMENTS_HEAD "NORM,normal,1.0,,,NORM,NORM\nIMI,x,1.0,,,MI,IMI\nSR,sinus,,,1.0,,\nNDT,\"a, "       \
			"b\",1.0,1.0,,STTC,STTC\n"
#define RECORDS_HEAD "ecg_id,patient_id,age,sex,scp_codes,strat_fold,filename_lr,filename_hr\n"

static struct reader_bytes given[2];

static struct reader read_text(int i, const char *text)
{
	given[i] = (struct reader_bytes){text, strlen(text), 0};
	return reader_of_bytes(&given[i]);
}

/* Load both tables; the error's text, or NULL. */
static const char *load(struct catalog *c, const char *statements, const char *records, int rate_hz)
{
	static struct error e;
	e = (struct error){0};
	catalog_init(c);
	if (ptbxl_statements(c, read_text(0, statements), &e) < 0 ||
	    ptbxl_records(c, read_text(1, records), rate_hz, &e) < 0 || catalog_finish(c, 0, "t", &e) < 0)
		return error_text(&e);
	return NULL;
}

static void refuses(const char *statements, const char *records, const char *expected)
{
	struct catalog c;
	const char *found = load(&c, statements, records, 100);
	catalog_release(&c);
	assert_non_null(found);
	assert_string_equal(found, expected);
}

static void tables_become_subjects(void **state)
{
	(void)state;
	struct catalog c;
	const char *why = load(&c, STATEMENTS,
			       RECORDS_HEAD "7,15709.0,56.0,1,\"{'NORM': 100.0, 'SR': 0.0}\",3,lr/7,hr/7\n"
					    "2,13243,,,\"{\"\"IMI\"\": 35.5}\",10,lr/2,hr/2\n",
			       500);
	assert_null(why);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.records[0].id, 2);
	assert_string_equal(c.records[0].path, "hr/2");

	assert_string_equal(
		c.records[1].subject,
		"{\"age\":56,\"codes\":{\"NORM\":100,\"SR\":0},\"fold\":3,\"id\":\"7\",\"path\":\"hr/7\","
		"\"patient\":\"15709\",\"sex\":1}");
	assert_string_equal(c.records[0].subject,
			    "{\"codes\":{\"IMI\":35.5},\"fold\":10,\"id\":\"2\",\"path\":\"hr/2\","
			    "\"patient\":\"13243\"}");
	catalog_release(&c);
}

static void faults_of_the_tables_are_named(void **state)
{
	(void)state;
	refuses(",diagnostic,form,rhythm,diagnostic_class\n", RECORDS_HEAD,
		"scp_statements.csv:1: no column 'diagnostic_subclass'; there are: , diagnostic, form, "
		"rhythm, diagnostic_class");
	refuses(STATEMENTS_HEAD "NORM,normal,1.0,,,NRM,NORM\n", RECORDS_HEAD,
		"scp_statements.csv:2: NORM: unknown superclass 'NRM', expected NORM, MI, STTC, CD or HYP");
	refuses(STATEMENTS_HEAD "NORM,normal,yes,,,NORM,NORM\n", RECORDS_HEAD,
		"scp_statements.csv:2: diagnostic: expected 1.0 or nothing, found 'yes'");
	refuses(STATEMENTS_HEAD "SR,,,,,,\nSR,,,,,,\n", RECORDS_HEAD,
		"scp_statements.csv:3: statement SR stands there twice");
	refuses(STATEMENTS, "ecg_id,patient_id,age,sex,scp_codes,strat_fold,filename_hr\n",
		"ptbxl_database.csv:1: no column 'filename_lr'; there are: ecg_id, patient_id, age, sex, "
		"scp_codes, strat_fold, filename_hr");
	refuses(STATEMENTS, RECORDS_HEAD "1,1.0,1,1,{'NORM': 1},1,a,b,c\n",
		"ptbxl_database.csv:2: expected 8 columns, found 9");
	refuses(STATEMENTS, RECORDS_HEAD, "t: no records");
	refuses(STATEMENTS, RECORDS_HEAD "x,1.0,1,1,{'NORM': 1},1,a,b\n",
		"ptbxl_database.csv:2: ecg_id: expected a record's number, found 'x'");
	refuses(STATEMENTS, RECORDS_HEAD "1,1.5,1,1,{'NORM': 1},1,a,b\n",
		"ptbxl_database.csv:2: patient_id: expected a patient's number, found '1.5'");
	refuses(STATEMENTS, RECORDS_HEAD "1,1,nan,1,{'NORM': 1},1,a,b\n",
		"ptbxl_database.csv:2: age: expected an age in years, found 'nan'");
	refuses(STATEMENTS, RECORDS_HEAD "1,1,1,2,{'NORM': 1},1,a,b\n",
		"ptbxl_database.csv:2: sex: expected 0 (male) or 1 (female), found '2'");
	refuses(STATEMENTS, RECORDS_HEAD "1,1,1,1,{'NORM': 1},11,a,b\n",
		"ptbxl_database.csv:2: strat_fold: expected a fold 1 to 10, found '11'");
	refuses(STATEMENTS, RECORDS_HEAD "8,1,1,1,{'XYZ': 1},1,a,b\n",
		"ptbxl_database.csv:2: record 8: statement 'XYZ' is not in scp_statements.csv");
	refuses(STATEMENTS, RECORDS_HEAD "1,1,1,1,{'NORM': 1},1,../a,b\n",
		"ptbxl_database.csv:2: '../a' is not the path of a record inside the dataset");
	refuses(STATEMENTS, RECORDS_HEAD "5,1,1,1,{'NORM': 1},1,a,b\n5,1,1,1,{'NORM': 1},1,a,b\n",
		"t:3: id 5 stands in line 2 too; an id is one record's");
}

static void codes_are_read_strictly(void **state)
{
	(void)state;
	static const char *const good[] = {"{}", "{'A': 1}", "{ 'A':0.5 , \"B\" : 100 }",
					   "{'A': 1.0, 'B': 0.0}"};
	static const char *const bad[] = {"",
					  "{",
					  "{'A'}",
					  "{'A': }",
					  "{'A': 1",
					  "{'A': 1,}",
					  "{A: 1}",
					  "{'A\": 1}",
					  "{'A': 1} ",
					  "{'A': nan}",
					  "{'A': -1}",
					  "{'': 1}",
					  "{'A': 1.2.3}",
					  "{'A': 101}",
					  "{'A': 1, 'A': 2}",
					  "{'A': 1 'B': 2}",
					  "{'A\\'': 1}",
					  "{'ABCDEFGHIJKLMNOPQRST': 1}"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct error e = {0};
		json_t *codes = ptbxl_codes(good[i], "t", 1, &e);
		if (!codes)
			fail_msg("%s", error_text(&e));
		json_decref(codes);
	}

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct error e = {0};
		if (ptbxl_codes(bad[i], "t", 1, &e))
			fail_msg("%s was read", bad[i]);
		assert_non_null(strstr(error_text(&e), "t:1: scp_codes: expected codes like"));
	}
}

/* ---- statements ---- */

static void superclasses_are_those_of_diagnostic_statements(void **state)
{
	(void)state;
	struct catalog c;
	struct error e = {0};
	uint32_t classes;
	uint64_t bits[2];
	assert_null(load(&c, STATEMENTS, RECORDS_HEAD "1,1,1,1,{'NORM': 1},1,a,b\n", 100));

	struct statements *s = statements_open(c.statements, c.classes, &e);
	assert_non_null(s);
	assert_int_equal(statements_count(s), 4);
	assert_string_equal(statements_name(s, 0), "IMI"); /* sorted: IMI NDT NORM SR */

	json_t *codes = json_pack("{s:i,s:i,s:i}", "IMI", 0, "NDT", 50, "SR", 0);
	assert_int_equal(statements_label(s, codes, "r", &classes, bits, &e), 0);
	assert_int_equal(classes, 1 << 1 | 1 << 2); /* likelihood 0 counts */
	assert_int_equal(bits[0], 1 << 0 | 1 << 1 | 1 << 3);
	json_object_set_new(codes, "XYZ", json_integer(1));
	assert_int_equal(statements_label(s, codes, "record 9", &classes, bits, &e), -1);
	assert_string_equal(error_text(&e), "record 9: unknown statement 'XYZ'");
	json_decref(codes);
	statements_close(s);
	catalog_release(&c);
}

static void unknown_superclass_in_a_table_is_refused(void **state)
{
	(void)state;
	struct error e = {0};
	json_t *table = json_pack("{s:{s:b,s:s}}", "IMI", "diagnostic", 1, "class", "MX"),
	       *classes = ptbxl_classes();
	assert_null(statements_open(table, classes, &e));
	assert_string_equal(error_text(&e), "statements: IMI: unknown superclass 'MX'");
	json_decref(table);
	json_decref(classes);
}

/* ---- any other database ---- */

static const char *list(struct catalog *c, const struct listing *l, const char *text)
{
	static struct error e;
	e = (struct error){0};
	catalog_init(c);
	if (listing_records(l, c, read_text(0, text), &e) < 0 || catalog_finish(c, 0, l->csv, &e) < 0)
		return error_text(&e);
	return NULL;
}

static int fold_in(const char *subject)
{
	const char *at = strstr(subject, "\"fold\":");
	assert_non_null(at);
	return atoi(at + strlen("\"fold\":"));
}

static const struct catalog_record *called(const struct catalog *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->records[i].name, name))
			return &c->records[i];
	fail_msg("no record is called %s", name);
	return NULL;
}

static void is_json(const json_t *value, const char *expected)
{
	char *text = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT);
	assert_string_equal(text, expected);
	free(text);
}

static void one_label_column_holds_names(void **state)
{
	(void)state;
	const char *const labels[] = {"dx"};
	struct listing l = {.csv = "sub/l.csv",
			    .path = "file",
			    .patient = "who",
			    .fold = "k",
			    .age = "age",
			    .sex = "sex",
			    .labels = labels,
			    .n_labels = 1};
	struct catalog c;
	assert_null(list(&c, &l, "file,who,k,age,sex,dx\ng1/A1.hea,P1,3,60.5,F,\"AF; LBBB\"\nA2,P2,10,,,\n"));
	assert_string_equal(c.records[0].path, "sub/g1/A1");
	assert_string_equal(c.records[0].name, "sub/g1/A1");
	assert_true(c.records[0].id == identifier_key("sub/g1/A1"));
	is_json(c.classes, "[\"AF\",\"LBBB\"]");
	assert_string_equal(c.records[0].subject, "{\"age\":60.5,\"classes\":[\"AF\",\"LBBB\"],\"fold\":3,"
						  "\"id\":\"sub/g1/A1\",\"path\":\"sub/g1/"
						  "A1\",\"patient\":\"P1\",\"sex\":1}");
	assert_string_equal(
		c.records[1].subject,
		"{\"classes\":[],\"fold\":10,\"id\":\"sub/A2\",\"path\":\"sub/A2\",\"patient\":\"P2\"}");
	catalog_release(&c);
}

static void several_label_columns_hold_flags(void **state)
{
	(void)state;
	const char *const labels[] = {"b", "a"};
	struct listing l = {.csv = "l.csv",
			    .path = "file",
			    .id = "n",
			    .labels = labels,
			    .n_labels = 2,
			    .is_hashed = true};
	struct catalog c;
	assert_null(list(&c, &l, "n,file,a,b\n9,x,1,0\n4,y,1.0,1\n5,z,,\n"));
	is_json(c.classes, "[\"b\",\"a\"]");
	assert_int_equal(c.records[0].id, 4);
	assert_string_equal(
		c.records[0].subject,
		"{\"classes\":[\"b\",\"a\"],\"fold\":10,\"id\":\"4\",\"path\":\"y\",\"patient\":\"4\"}");
	assert_string_equal(
		c.records[2].subject,
		"{\"classes\":[\"a\"],\"fold\":10,\"id\":\"9\",\"path\":\"x\",\"patient\":\"9\"}");
	catalog_release(&c);
	assert_string_equal(list(&c, &l, "n,file,a,b\n9,x,2,0\n"),
			    "l.csv:2: a: expected 0 or 1, true or false, found '2'");
	catalog_release(&c);
	assert_string_equal(list(&c, &l, "n,file,a,b\n9,,1,0\n"),
			    "l.csv:2: '' is not the path of a record inside the dataset");
	catalog_release(&c);
	assert_string_equal(list(&c, &l, "n,file,a\n9,x,1\n"),
			    "l.csv:1: no column 'b'; there are: n, file, a");
	catalog_release(&c);
}

/* What people's tables hold beside plain values. */
static void dialects_of_lists_are_read(void **state)
{
	(void)state;
	const char *const dx[] = {"dx"}, *const flags[] = {"AF", "RBBB"};
	struct listing l = {.csv = "meta/l.csv",
			    .path = "p",
			    .age = "age",
			    .sex = "sex",
			    .labels = dx,
			    .n_labels = 1,
			    .is_hashed = true};
	struct catalog c;
	assert_null(
		list(&c, &l,
		     "p,age,sex,dx\n./r0.hea,\"51\n\",\" F\n\",\"AF\n\"\n\n../rec/r1.mat,NaN,Unknown,nan\n"
		     "a\\b\\r2.dat,90+,weiblich,\"426783006, 39732003\"\n"));
	assert_string_equal(called(&c, "meta/r0")->subject,
			    "{\"age\":51,\"classes\":[\"AF\"],\"fold\":6,\"id\":\"meta/r0\",\"path\":\"meta/"
			    "r0\",\"patient\":\"meta/r0\",\"sex\":1}");
	assert_string_equal(called(&c, "rec/r1")->subject,
			    "{\"classes\":[],\"fold\":4,\"id\":\"rec/r1\",\"path\":\"rec/r1\",\"patient\":"
			    "\"rec/r1\"}");
	assert_non_null(
		strstr(called(&c, "meta/a/b/r2")->subject, "\"classes\":[\"426783006\",\"39732003\"]"));
	catalog_release(&c);

	l = (struct listing){.csv = "l.csv", .path = "p", .labels = flags, .n_labels = 2};
	assert_null(list(&c, &l, "p,AF,RBBB\nr0,True,False\nr1,no,YES\nr2,NaN,1.0\n"));
	assert_non_null(strstr(called(&c, "r0")->subject, "\"classes\":[\"AF\"]"));
	assert_non_null(strstr(called(&c, "r1")->subject, "\"classes\":[\"RBBB\"]"));
	assert_non_null(strstr(called(&c, "r2")->subject, "\"classes\":[\"RBBB\"]"));
	catalog_release(&c);
}

static void ids_may_be_any_text_and_do_not_shift(void **state)
{
	(void)state;
	const char *const dx[] = {"dx"};
	struct listing l = {.csv = "l.csv", .path = "p", .id = "id", .labels = dx, .n_labels = 1};
	struct catalog c, less;
	assert_null(list(&c, &l, "p,id,dx\na,JS 17/\xc3\xbc,x\nb,017,x\nc,17,x\nd,17.0,x\n"));
	assert_int_equal(c.records[0].id, 17); /* numbers first */
	assert_string_equal(c.records[0].path, "c");
	assert_string_equal(called(&c, "017")->path, "b");
	assert_non_null(strstr(called(&c, "JS 17/\xc3\xbc")->subject, "\"id\":\"JS 17/\xc3\xbc\""));
	catalog_release(&c);

	l.id = NULL;
	assert_null(list(&c, &l, "p,dx\na,x\nb,x\nc,x\n"));
	assert_null(list(&less, &l, "p,dx\nc,x\nb,x\n")); /* a row less, another order */
	assert_true(called(&c, "b")->id == called(&less, "b")->id);
	assert_string_equal(called(&c, "b")->subject, called(&less, "b")->subject);
	catalog_release(&c);
	catalog_release(&less);
}

static void ids_that_are_none_are_named(void **state)
{
	(void)state;
	const char *const dx[] = {"dx"};
	struct listing l = {.csv = "l.csv", .path = "p", .id = "id", .labels = dx, .n_labels = 1};
	char long_id[300], expected[400];
	memset(long_id, 'a', sizeof long_id);
	snprintf(long_id, sizeof long_id, "p,id,dx\na,%0*d,x\n", CATALOG_NAME_BYTES + 1, 1);
	snprintf(
		expected, sizeof expected,
		"l.csv:2: expected a record's id of 1 to 200 bytes without control characters, found '%040d'",
		0);
	const char *const cases[][2] = {
		{"p,id,dx\na,A,x\nb,B,x\nc,A,x\nd,B,x\n",
		 "l.csv:4: id A stands in line 2 too; an id is one record's"},
		{"p,id,dx\na,,x\n", "l.csv:2: id: expected a record's id, found ''"},
		{"p,id,dx\na,\"A\tB\",x\n",
		 "l.csv:2: expected a record's id of 1 to 200 bytes without control "
		 "characters, found 'A?B'"},
		{"p,id,dx\na,\xff,x\n",
		 "l.csv:2: the record's id or path is not UTF-8: save the table as UTF-8"},
		{long_id, expected}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct catalog c;
		const char *found = list(&c, &l, cases[i][0]);
		assert_non_null(found);
		assert_string_equal(found, cases[i][1]);
		catalog_release(&c);
	}
}

/* A collision is too rare to be shown by listing: two made-up records with one key. */
static void ids_of_one_key_are_named(void **state)
{
	(void)state;
	struct error e = {0};
	struct catalog c;
	catalog_init(&c);
	assert_int_equal(catalog_add(&c, "A", "a", json_object(), "t", 2, &e), 0);
	assert_int_equal(catalog_add(&c, "B", "b", json_object(), "t", 3, &e), 0);
	c.records[1].id = c.records[0].id;
	assert_int_equal(catalog_finish(&c, 0, "t", &e), -1);
	assert_string_equal(error_text(&e),
			    "t:3: the ids 'B' and 'A' (line 2) have the same hash; change one of them");
	catalog_release(&c);
}

static void commas_in_names_are_not_guessed_at(void **state)
{
	(void)state;
	const char *const dx[] = {"dx"};
	struct listing l = {.csv = "l.csv", .path = "p", .labels = dx, .n_labels = 1};
	struct catalog c;
	static const char text[] = "p,dx\nr0,\"infarction, inferior\"\nr1,AF\n";
	assert_string_equal(
		list(&c, &l, text),
		"l.csv:2: dx: 'infarction, inferior' has a comma: if it stands between classes, set "
		"fetch.label_separators=',', if it is part of a name, ';'");
	catalog_release(&c);
	l.separators = ";";
	assert_null(list(&c, &l, text));
	is_json(c.classes, "[\"AF\",\"infarction, inferior\"]");
	catalog_release(&c);
	l.separators = ",";
	assert_null(list(&c, &l, text));
	is_json(c.classes, "[\"AF\",\"infarction\",\"inferior\"]");
	catalog_release(&c);
}

static void records_and_patients_stand_in_one_fold(void **state)
{
	(void)state;
	const char *const dx[] = {"dx"};
	struct listing l = {.csv = "l.csv", .path = "p", .patient = "who", .labels = dx, .n_labels = 1};
	struct catalog c;
	static const char twice[] = "p,who,dx,fold\na,P,x,1\nb,Q,x,2\n./a.hea,P,x,1\nb,Q,x,2\n";
	static const char split[] = "p,who,dx,fold\na,P,x,1\nb,Q,x,2\nc,P,x,3\n";
	assert_string_equal(
		list(&c, &l, twice),
		"l.csv:4: record a stands in line 2 too; one recording must not be in several folds "
		"(fetch.allow_repeated_records=true lets it)");
	catalog_release(&c);
	l.may_repeat = true;
	assert_null(list(&c, &l, twice));
	assert_int_equal(c.n, 4);
	called(&c, "a");
	assert_string_equal(called(&c, "a#2")->path, "a");
	catalog_release(&c);

	assert_null(list(&c, &l, split)); /* folds are drawn by patient */
	catalog_release(&c);
	l.fold = "fold";
	assert_string_equal(
		list(&c, &l, split),
		"l.csv:4: patient P is in fold 3 here and in fold 1 in line 2; a patient belongs into one "
		"(fetch.allow_split_patients=true lets it)");
	catalog_release(&c);
	l.may_split = true;
	assert_null(list(&c, &l, split));
	catalog_release(&c);
}

static void ages_and_sexes_are_read_as_people_write_them(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int result;
		double years;
	} ages[] = {{"51", 1, 51},   {"51.5", 1, 51.5}, {"51 years", 1, 51}, {"051Y", 1, 51},
		    {"006M", 1, .5}, {"90+", 1, 90},	{">89", 1, 89},	     {"", 0, 0},
		    {"NaN", 0, 0},   {"unknown", 0, 0}, {"?", 0, 0},	     {"-1", -1, 0},
		    {"301", -1, 0},  {"old", -1, 0},	{"5 1", -1, 0},	     {"1e1", -1, 0},
		    {"51x", -1, 0}};
	static const struct {
		const char *text;
		int result, sex;
	} sexes[] = {{"F", 1, 1},	{"female", 1, 1}, {"1", 1, 1},	{"M", 1, 0},
		     {"MALE", 1, 0},	{"0.0", 1, 0},	  {"W", 1, 1},	{"", 0, 0},
		     {"Unknown", 0, 0}, {"other", 0, 0},  {"2", -1, 0}, {"MF", -1, 0}};

	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
		double years = -1;
		assert_int_equal(person_age(&years, ages[i].text), ages[i].result);
		assert_true(ages[i].result < 1 || fabs(years - ages[i].years) < 1e-9);
	}
	for (size_t i = 0; i < sizeof sexes / sizeof *sexes; i++) {
		int sex = -1;
		assert_int_equal(person_sex(&sex, sexes[i].text), sexes[i].result);
		assert_true(sexes[i].result < 1 || sex == sexes[i].sex);
	}
}

static void names_are_resolved_inside_the_dataset(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{"", "./a", "a"},	  {"m", "../r/./a", "r/a"}, {"m", "a//b/", "m/a/b"},
		{"m", "..\\r\\a", "r/a"}, {"m/n", "../../a", "a"},  {"", "..", NULL},
		{"m", "../../a", NULL},	  {"m", "/a", NULL},	    {"", "a/../../b", NULL}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *path = path_resolve(cases[i][0], cases[i][1]);
		if (cases[i][2])
			assert_string_equal(path, cases[i][2]);
		else
			assert_null(path);
		free(path);
	}
}

static void white_space_is_cut_off(void **state)
{
	(void)state;
	static const char *const cases[][2] = {{"  a b\r\n", "a b"},
					       {"\xc2\xa0x\xc2\xa0", "x"},
					       {"", ""},
					       {" \t", ""},
					       {"\xc3\xa9 ", "\xc3\xa9"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[32];
		strcpy(text, cases[i][0]);
		assert_string_equal(field_trim(text), cases[i][1]);
	}
}

/* A patient whole, each class in its turn, in whichever order the rows stand; none of it from names alone. */
static void folds_no_column_gives_are_stratified(void **state)
{
	(void)state;
	const char *const dx[] = {"dx"};
	struct listing l = {.csv = "l.csv", .path = "p", .patient = "who", .labels = dx, .n_labels = 1};
	struct catalog c, turned;
	char text[4096] = "p,who,dx\n", other[4096] = "p,who,dx\n";
	for (int i = 0; i < 40; i++)
		snprintf(text + strlen(text), 64, "r%d,w%d,%s\n", i, i / 2, i < 20 ? "AF" : "SR;AF");
	for (int i = 39; i >= 0; i--)
		snprintf(other + strlen(other), 64, "r%d,w%d,%s\n", i, i / 2, i < 20 ? "AF" : "SR;AF");
	assert_null(list(&c, &l, text));
	assert_null(list(&turned, &l, other));

	int n[11] = {0}, n_sr[11] = {0};
	for (int i = 0; i < 40; i++) {
		char name[8], mate[8];
		snprintf(name, sizeof name, "r%d", i);
		snprintf(mate, sizeof mate, "r%d", i ^ 1);
		int fold = fold_in(called(&c, name)->subject);
		assert_int_equal(fold_in(called(&turned, name)->subject), fold);
		assert_int_equal(fold_in(called(&c, mate)->subject), fold);
		n[fold]++;
		n_sr[fold] += i >= 20;
	}
	for (int k = 1; k <= 10; k++) {
		assert_int_equal(n[k], 4);
		assert_int_equal(n_sr[k], 2);
	}
	catalog_release(&c);
	catalog_release(&turned);
}

static void folds_are_drawn_by_patient_and_spread(void **state)
{
	(void)state;
	int count[11] = {0};
	for (int i = 0; i < 10000; i++) {
		char name[16];
		snprintf(name, sizeof name, "P%d", i);
		int fold = listing_fold(name);
		assert_in_range(fold, 1, 10);
		assert_int_equal(fold, listing_fold(name));
		count[fold]++;
	}
	for (int k = 1; k <= 10; k++)
		assert_in_range(count[k], 850, 1150);
	assert_int_equal(listing_fold("P1"), 8); /* folds must never move */
}

/* ---- small readers ---- */

static void numbers_are_read_as_tables_write_them(void **state)
{
	(void)state;
	uint64_t n;
	double x;
	assert_int_equal(field_integer("15709.0", &n), 0);
	assert_int_equal(n, 15709);
	assert_int_equal(field_integer("9007199254740992", &n), 0);

	static const char *const bad[] = {"",	 "-1", "1.5", " 1", "1 ", "1.0x", "9007199254740993",
					  "0x1", "1e3"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(field_integer(bad[i], &n), -1);
	assert_int_equal(field_number("-1.5e2", &x), 0);
	assert_true(x == -150);

	static const char *const odd[] = {"", "nan", "inf", "0x1p3", "1,5", "1e999", "--1", " 1", "e"};
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		assert_int_equal(field_number(odd[i], &x), -1);
}

static void names_that_leave_the_dataset_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"",	"/etc/passwd", "..",   "a/../b", "a//b",
					  "a/", "./a",	       "a\\b", "a\nb",	 "\x7f"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(path_is_inside(bad[i]));
	assert_true(path_is_inside("records100/00000/00001_lr.hea"));
	assert_true(path_is_inside("a..b/.hidden"));
}

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static void checksum_lists_of_both_forms_are_read(void **state)
{
	(void)state;
	struct error e = {0};
	static const char text[] = A64 " x/y.dat\r\n" B64 " *z with blank\n" A64 "  ./w\n";
	struct reader_bytes b = {text, strlen(text), 7};
	struct sums *s = sums_open("SUMS", reader_of_bytes(&b), &e);
	char hex[SUMS_HEX];
	size_t n;
	assert_non_null(s);
	sums_hex(hex, sums_find(s, "x/y.dat")->digest);
	assert_string_equal(hex, A64);
	sums_hex(hex, sums_find(s, "z with blank")->digest);
	assert_int_equal(hex[0], 'b');
	assert_non_null(sums_find(s, "w"));
	assert_null(sums_find(s, "y.dat"));
	assert_string_equal(sums_list(s, &n)[2].path, "z with blank");
	assert_int_equal(n, 3);
	sums_close(s);
	static const char *const bad[] = {"x\n", A64 "\n", A64 " \n", A64 "x a\n", A64 " a\n" B64 " a\n"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_null(sums_open("SUMS", read_text(0, bad[i]), NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_become_subjects),
		cmocka_unit_test(faults_of_the_tables_are_named),
		cmocka_unit_test(codes_are_read_strictly),
		cmocka_unit_test(superclasses_are_those_of_diagnostic_statements),
		cmocka_unit_test(unknown_superclass_in_a_table_is_refused),
		cmocka_unit_test(one_label_column_holds_names),
		cmocka_unit_test(several_label_columns_hold_flags),
		cmocka_unit_test(dialects_of_lists_are_read),
		cmocka_unit_test(ids_may_be_any_text_and_do_not_shift),
		cmocka_unit_test(ids_that_are_none_are_named),
		cmocka_unit_test(ids_of_one_key_are_named),
		cmocka_unit_test(commas_in_names_are_not_guessed_at),
		cmocka_unit_test(records_and_patients_stand_in_one_fold),
		cmocka_unit_test(ages_and_sexes_are_read_as_people_write_them),
		cmocka_unit_test(names_are_resolved_inside_the_dataset),
		cmocka_unit_test(white_space_is_cut_off),
		cmocka_unit_test(folds_no_column_gives_are_stratified),
		cmocka_unit_test(folds_are_drawn_by_patient_and_spread),
		cmocka_unit_test(numbers_are_read_as_tables_write_them),
		cmocka_unit_test(names_that_leave_the_dataset_are_refused),
		cmocka_unit_test(checksum_lists_of_both_forms_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
