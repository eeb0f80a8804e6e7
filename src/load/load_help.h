/*-------------------------------------------------------------------------
 *
 * load_help.h
 *	  vecprov-load --help.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_HELP_H
#define VP_LOAD_HELP_H

extern void ld_print_help(void);

#endif							/* VP_LOAD_HELP_H */
