/*-------------------------------------------------------------------------
 *
 * select.h
 *	  Choosing among candidates for links; for the files of this room.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SELECT_H
#define VP_SELECT_H

#include "graph/writer.h"

/* Makes room for n candidates; those that are there get lost. */
extern VpCandidate *vp_writer_candidates(VpWriter *writer, int n);

/*
 * Makes candidates of ids: their distances to node `base`, nearest first, those
 * without a vector left out.  Returns how many; -1 when the base has none.
 */
extern int	vp_writer_measure(VpWriter *writer, VpSource *source, VpId base, const VpId *ids, int n);

/* As vp_select, beside those that are chosen already, up to `max` in all. */
extern int	vp_select_more(VpWriter *writer, VpSource *source, VpCandidate *candidates, int n,
						   int max, VpId *chosen, int nchosen);

/*
 * Chooses a list anew, as vp_select does, among the links of node `base`, in
 * the order of its list, and others behind them: n <= VP_MAX_LINKS + 1 in all.
 * Returns how many; -1 when the base has no vector.
 */
extern int	vp_select_again(VpWriter *writer, VpSource *source, VpId base, const VpId *ids, int n,
							int max, VpId *chosen);

#endif							/* VP_SELECT_H */
