/*-------------------------------------------------------------------------
 *
 * loaded.h
 *	  How the library was loaded, and whether it is the right one.
 *
 * The postmaster loads it by shared_preload_libraries.  A backend loads it
 * where that setting lacks it: as soon as a value of our types, or a table with
 * one of our indexes, is used.  Types work then, and tables can be read, dumped
 * and dropped; whatever needs an index or shared memory calls vp_loaded_need.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOADED_H
#define VP_LOADED_H

#include "base/compat.h"

/* Has the postmaster loaded the library? */
extern bool vp_preloaded;

/*
 * For _PG_init.  True in the postmaster, which is to set up everything.  False
 * in a backend, after a warning.  Raises an error where the library is of no
 * use: in a server that runs another file of it (is_running), in CREATE
 * EXTENSION vecprov, and in pg_upgrade.
 */
extern bool vp_loaded_by_postmaster(bool is_running);

/* Raises an error unless the postmaster has loaded the library. */
extern void vp_loaded_need(void);

/*
 * The same, also when the extension in this database is of another version than
 * the library.
 */
extern void vp_loaded_check(void);

/*
 * A row of pg_extension was written.  Raises an error if it is ours and the
 * postmaster has not loaded the library, or an older one.
 */
extern void vp_loaded_judge(Oid extension);

/*
 * VP_FUNCTION for a function that needs shared memory or an index.  The server
 * calls what is defined here before it calls the function for the first time in
 * a process, and in CREATE FUNCTION.
 */
#define VP_SERVER_FUNCTION(name) \
	extern VP_EXPORT Datum name(PG_FUNCTION_ARGS); \
	extern VP_EXPORT const Pg_finfo_record *CppConcat(pg_finfo_, name) (void); \
	const Pg_finfo_record * \
	CppConcat(pg_finfo_, name) (void) \
	{ \
		static const Pg_finfo_record info = {1}; \
	\
		vp_loaded_check(); \
		return &info; \
	} \
	extern int	no_such_variable

#endif							/* VP_LOADED_H */
