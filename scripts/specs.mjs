/** Imports the pure specs that `JEROBOAM_SPECS` lists: one process for all of them is several times faster than one each. */
for (const file of JSON.parse(process.env['JEROBOAM_SPECS'] ?? '[]')) await import(file);
