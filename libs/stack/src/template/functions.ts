import { contains, filter, listConcat, listConcatUnique, mapMerge, mapReplace, repeat } from './functions/collections.js';
import type { Read } from './functions/reader.js';
import { getAttr, getParam, getResource } from './functions/references.js';
import { digest, listJoin, strReplace, strReplaceStrict, strReplaceVstrict, strSplit, yaql } from './functions/texts.js';

/** By name: a new function is a reader in `functions/` and a line here. `if` is `parse-expression.ts`'s: it chooses what is read. */
export const functions: ReadonlyMap<string, Read> = new Map([
  ['get_param', getParam],
  ['get_resource', getResource],
  ['get_attr', getAttr],
  ['list_join', listJoin],
  ['str_replace', strReplace],
  ['str_replace_strict', strReplaceStrict],
  ['str_replace_vstrict', strReplaceVstrict],
  ['str_split', strSplit],
  ['digest', digest],
  ['yaql', yaql],
  ['map_merge', mapMerge],
  ['map_replace', mapReplace],
  ['list_concat', listConcat],
  ['list_concat_unique', listConcatUnique],
  ['filter', filter],
  ['contains', contains],
  ['repeat', repeat],
]);

/** HOT's other functions and why not: taken as plain maps they would reach the cloud as such. */
export const notSupported: ReadonlyMap<string, string> = new Map([
  ['get_file', 'get_file needs files, and a stack has its template alone: put the text where it is used'],
  ['resource_facade', 'the function resource_facade is not supported: there are no templates inside of templates'],
  ['make_url', 'the function make_url is not supported: list_join does it'],
  ['equals', 'equals is for conditions'],
]);
