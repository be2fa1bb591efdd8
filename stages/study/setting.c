#include "stages/study/setting.h"

#include "common/die.h"
#include "common/json.h"

bool setting_is_complete(const json_t *setting)
{
	return json_is_true(json_object_get(setting, "is_complete"));
}

char *setting_name(const json_t *setting)
{
	if (setting_is_complete(setting))
		return die_strdup(json_text(setting, "label"));
	return die_printf("%s (%.0f of %.0f cells)", json_text(setting, "label"),
			  json_number(setting, "cells"), json_number(setting, "of"));
}

void setting_row(struct text *t, const json_t *setting)
{
	text_add(t, "<tr><td class=name>");
	text_name(t, json_text(setting, "label"));
	if (!setting_is_complete(setting))
		text_add(t, "<small class=range>incomplete: %.0f of %.0f cells</small>",
			 json_number(setting, "cells"), json_number(setting, "of"));
	text_add(t, "</td>");
}

const json_t *setting_value(const json_t *setting, const char *group, const char *name)
{
	return json_object_get(group ? json_object_get(setting, group) : setting, name);
}
