/*-------------------------------------------------------------------------
 *
 * client.h
 *	  What this process does for the client that it serves, if there is one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CLIENT_H
#define VP_CLIENT_H

/*
 * A search begins: after the command is answered the next one is looked for,
 * for vecprov.busy_poll.
 */
extern void vp_client_search_begins(void);

/*
 * Its rows will be ready in some 20 microseconds.  A client that seems to be in
 * a hurry is woken up, once.
 */
extern void vp_client_rows_come(void);

/* How many expansions before its end a search does well to tell so. */
extern int	vp_client_lead(void);

#endif							/* VP_CLIENT_H */
