/*
 * What pipeline.mk knows of the arms and no artifact says: what each one's file sets, and why one came to
 * nothing. Lines of words separated by tabs:
 *	NAME definition {"section.name":value,...}
 *	NAME failed STAGE MESSAGE
 */
#ifndef STAGES_EVALUATE_TOLD_H
#define STAGES_EVALUATE_TOLD_H

#include <jansson.h>

/* {NAME:{"definition":{...},"stage":...,"reason":...}}, of each what there is; a message without the paths of
 * this machine. Dies at a line it cannot read. New reference. */
json_t *told_read(const char *text);

#endif
