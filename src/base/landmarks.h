/*-------------------------------------------------------------------------
 *
 * landmarks.h
 *	  For each term of sparse vectors a few nodes that hold it: from where a
 *	  search for the term can begin.
 *
 * Most pairs of short texts have no term in common and are all equally far, so
 * that a walk through a graph gets no direction.  Landmarks lead it to where
 * its terms are; from there on it is told by distances.  Pruned inverted lists
 * that a graph of neighbours completes are in Bruch et al., "Pairing Clustered
 * Inverted Indexes with kNN Graphs for Fast Approximate Retrieval over Learned
 * Sparse Representations" (CIKM 2024).
 *
 * A set is a small cache: of each term the VP_TERM_LANDMARKS nodes in which it
 * weighs most, as long as there is room for all terms of the set, and fewer of
 * the most frequent ones when there is not.  Sets are on pages, of which there
 * are more as the index grows; a term's page follows by linear hashing (Litwin,
 * VLDB 1980), its set on the page never changes.
 *
 * Pure C: used by page/ (sets on pages) and graph/ (in-memory build).  Words
 * are loaded one by one, so others may store them meanwhile: a landmark that is
 * found is a node, and it does no harm if that has not the term.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LANDMARKS_H
#define VP_LANDMARKS_H

#include "base/levels.h"

/* So many terms of a vector, the heaviest, are looked up and remembered. */
#define VP_LANDMARK_TERMS	16

/* Nodes that are kept of a term. */
#define VP_TERM_LANDMARKS	8

#define VP_MAX_LANDMARKS	(VP_LANDMARK_TERMS * VP_TERM_LANDMARKS)

/*
 * A term of a vector is a hash of the dimension, 16 bits, and behind it its
 * weight: of two terms with one hash the larger one weighs more.
 */
#define VpTermHash(term)	((uint16_t) ((term) >> 16))

#define VP_SET_LANDMARKS	126

typedef struct VpLandmarkSet
{
	uint32_t	terms[VP_SET_LANDMARKS];
	uint32_t	refs[VP_SET_LANDMARKS]; /* of each the node's id + 1; 0:
										 * unused */
} VpLandmarkSet;

#define VP_PAGE_SETS		8

typedef struct VpLandmarkPage
{
	VpLandmarkSet sets[VP_PAGE_SETS];
} VpLandmarkPage;

/* Pages of landmarks that each stripe of ids adds (levels.h). */
#define VP_LANDMARK_PAGES	6

/* The page of npages (1 or more) that a term's landmarks are on. */
extern uint32_t vp_landmark_page(uint32_t term, uint32_t npages);

/* Which page gives some of its terms to this new one, not the first. */
extern uint32_t vp_landmark_parent(uint32_t page);

/* A term's set on its page. */
extern uint32_t vp_landmark_set(uint32_t term);

/* Copies a term's landmarks; returns how many, at most VP_TERM_LANDMARKS. */
extern int	vp_landmarks_get(const VpLandmarkSet *set, uint32_t term, VpId *ids);

/*
 * Where in the set a node is to be stored as a landmark of the term; -1:
 * nowhere.
 */
extern int	vp_landmarks_place(const VpLandmarkSet *set, uint32_t term, VpId id);

#endif							/* VP_LANDMARKS_H */
