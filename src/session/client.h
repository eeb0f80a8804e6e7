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
 * A search begins: when the command is answered, this process will look for the
 * next one for vecprov.busy_poll.
 */
extern void vp_client_search_begins(void);

/* Has the present command begun a search, so that its answer is watched? */
extern bool vp_client_sees_answer(void);

/*
 * Lets this process wait awake for longer than vecprov.busy_poll, where it is
 * in nobody's way.  NULL: there is no such host.
 */
typedef struct VpClientHost
{
	uint64		(*patience) (void); /* for how many nanoseconds; 0: no more */
	void		(*leave) (void);	/* the process is about to sleep */
} VpClientHost;

extern const VpClientHost *vp_client_host;

/*
 * The rows of the search will be ready in some 20 microseconds: sends what is
 * in the send buffer, so that a client that is in a hurry wakes up.  Once for
 * each command; does not wait for the client.
 */
extern void vp_client_rows_come(void);

/* How many expansions before its end a search is to call vp_client_rows_come(). */
extern int	vp_client_lead(void);

#endif							/* VP_CLIENT_H */
