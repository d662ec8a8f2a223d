// In CI a lock file that does not fit is an error; at home cargo mends it.
export const cargoFlags = process.env.CI ? ['--locked'] : [];
