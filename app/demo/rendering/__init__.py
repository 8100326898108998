"""A small ray caster for interiors: analytic solids, one light pass at low resolution, shading at full resolution."""
