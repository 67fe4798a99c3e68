/** What is to be done next for a group on its way to other machines. */
export type Move<T> =
  /** These have been marked: out with them. */
  | { readonly kind: 'leave'; readonly nodes: readonly T[] }
  /** New ones are planned: they are to be made, and to become Ready. */
  | { readonly kind: 'grow' }
  /** There are more than enough: these are to go. */
  | { readonly kind: 'mark'; readonly nodes: readonly T[] }
  /** So many new ones are to be planned. */
  | { readonly kind: 'add'; readonly count: number }
  | { readonly kind: 'done' };
