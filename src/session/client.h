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

/* Will the answer to the present command be seen off, as by what follows? */
extern bool vp_client_sees_answer(void);

/*
 * Who lets this process wait awake for longer than vecprov.busy_poll, as it
 * stands in nobody's way.  NULL: nobody does.
 */
typedef struct VpClientHost
{
	uint64		(*patience) (void); /* for how many nanoseconds; 0: no more */
	void		(*leave) (void);	/* the process is about to sleep */
} VpClientHost;

extern const VpClientHost *vp_client_host;

/*
 * Its rows will be ready in some 20 microseconds.  A client that seems to be in
 * a hurry is woken up, once.
 */
extern void vp_client_rows_come(void);

/* How many expansions before its end a search does well to tell so. */
extern int	vp_client_lead(void);

#endif							/* VP_CLIENT_H */
