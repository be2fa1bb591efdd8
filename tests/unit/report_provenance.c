#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "report/provenance.h"

static void assert_holds(const struct text *t, const char *words)
{
	if (!strstr(t->bytes, words))
		fail_msg("'%s' is not in '%s'", words, t->bytes);
}

static void notice_of(struct text *t, const char *name, const char *title, const char *citation,
		      const char *licence)
{
	json_t *dataset = provenance_dataset(name, title, citation, licence);
	provenance_notice(t, dataset);
	json_decref(dataset);
}

static void a_known_dataset_has_its_citation(void **state)
{
	struct text t = {0};
	(void)state;
	assert_true(provenance_is_public("ptb-xl"));
	notice_of(&t, "ptb-xl", "", "", "");
	assert_holds(&t, "Not a medical device");
	assert_holds(&t, "Data: PTB-XL; citation: Wagner P, ");
	assert_holds(&t, "(2020)");
	assert_holds(&t, "licence: CC BY 4.0.");
	text_release(&t);
}

static void an_unknown_one_says_that_nothing_was_given(void **state)
{
	struct text t = {0};
	(void)state;
	assert_false(provenance_is_public("wfdb"));
	notice_of(&t, "wfdb", "", "", "");
	assert_holds(&t, "Data: a dataset without a name (report.dataset gives it one); citation: not given; "
			 "licence: not given.");
	text_release(&t);
	notice_of(&t, "wfdb", "Ward 7", "Doe & Roe 2024", "CC0");
	assert_holds(&t, "Data: Ward 7; citation: Doe &amp; Roe 2024; licence: CC0.");
	text_release(&t);
}

static void facts_of(struct text *t, const char *json)
{
	json_t *chain = json_loads(json, 0, NULL);
	assert_non_null(chain);
	provenance_facts(t, chain);
	json_decref(chain);
}

static void raw_files_have_their_digest(void **state)
{
	struct text t = {0};
	(void)state;
	facts_of(&t, "{\"made\":\"2026-11-29T11:40:12.345Z\",\"unknown\":[],\"artifacts\":{},\"stages\":"
		     "[{\"stage\":\"fetch\",\"code\":[\"c0de\"],\"commits\":[\"c0331\"],\"numerics\":"
		     "[\"cpu/2\"]}],\"records\":[{\"id\":\"1d\",\"raw\":[{\"name\":\"<a>.zip\",\"sha256\":"
		     "\"5a\"}]}]}");
	assert_holds(&t, "2026-11-29, 11:40 UTC");
	assert_holds(&t, "<td>git commit</td><td><span class=id>c0331</span></td>");
	assert_holds(&t, "&lt;a&gt;.zip, SHA-256 <span class=id>5a</span>");
	assert_null(strstr(t.bytes, "synthetic"));
	text_release(&t);
}

static void the_date_stands_on_top_if_it_is_known(void **state)
{
	struct text t = {0};
	json_t *chain = json_pack("{s:s}", "made", "2026-11-29T11:40:12.345Z"),
	       *none = json_pack("{s:n}", "made");
	(void)state;
	provenance_date(&t, none);
	assert_int_equal(t.n, 0);
	provenance_date(&t, chain);
	assert_holds(&t, "Made on 2026-11-29, 11:40 UTC;");
	text_release(&t);
	json_decref(chain);
	json_decref(none);
}

static void values_that_differ_are_all_listed(void **state)
{
	struct text t = {0};
	(void)state;
	facts_of(&t, "{\"made\":null,\"unknown\":[\"ff\"],\"records\":[],\"stages\":[{\"stage\":\"views\","
		     "\"code\":[\"c0de\"],\"commits\":[],\"numerics\":[]}],\"artifacts\":{\"a\":{\"stage\":"
		     "\"views\",\"params\":{\"gain\":1,\"strategy\":\"halves\"}},\"b\":{\"stage\":\"views\","
		     "\"params\":{\"gain\":1,\"strategy\":\"<x>\"}},\"c\":{\"stage\":\"embed\",\"params\":"
		     "{\"gain\":2}}}}");
	assert_holds(&t, "<td>views.gain</td><td class=words>1</td>");
	assert_holds(&t, "<td class=words>halves <small>or</small> &lt;x&gt;</td>");
	assert_holds(&t, "1 of 1 stages ran from sources that are no commit");
	assert_holds(&t, "of 1 artifact behind the page");
	assert_holds(&t, "<td>date</td><td>not known");
	text_release(&t);
}

/* Others share the store, and its entries are shown to people. */
static void what_an_entry_says_is_no_markup(void **state)
{
	struct text t = {0};
	(void)state;
	facts_of(&t,
		 "{\"made\":null,\"unknown\":[],\"records\":[],\"stages\":[{\"stage\":\"<s>\",\"code\":"
		 "[\"<c>\"],\"commits\":[],\"numerics\":[\"<n>\",\"m\"]}],\"artifacts\":{\"a\":{\"stage\":"
		 "\"<s>\",\"params\":{\"<p>\":1}}}}");
	assert_holds(&t, "<td>&lt;s&gt;</td>");
	assert_holds(&t, "<td>&lt;n&gt;, m</td>");
	assert_holds(&t, "<td>&lt;s&gt;.&lt;p&gt;</td>");
	assert_null(strstr(t.bytes, "<c>"));
	text_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_known_dataset_has_its_citation),
					   cmocka_unit_test(an_unknown_one_says_that_nothing_was_given),
					   cmocka_unit_test(raw_files_have_their_digest),
					   cmocka_unit_test(the_date_stands_on_top_if_it_is_known),
					   cmocka_unit_test(values_that_differ_are_all_listed),
					   cmocka_unit_test(what_an_entry_says_is_no_markup)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
