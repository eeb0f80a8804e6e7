/*-------------------------------------------------------------------------
 *
 * kernel_choose.c
 *	  Choice of the kernel table, once, when the library is loaded.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>
#include <string.h>

#include "kernel/kernel.h"

bool
vp_kernel_choose(const char *want)
{
	/* Best first.  A machine has those of its own architecture at most. */
	static const VpKernel *(*const tables[]) (void) = {
		vp_kernel_avx512vnni,
		vp_kernel_avx512,
		vp_kernel_avx2,
		vp_kernel_neon,
		vp_kernel_scalar,
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
	{
		const VpKernel *table = tables[i] ();

		if (table != NULL && (want == NULL || strcmp(want, table->name) == 0))
		{
			vp_kernel = *table;
			return true;
		}
	}
	return false;
}
