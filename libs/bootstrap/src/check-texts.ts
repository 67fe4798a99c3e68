import { checked, checkedNoProxy } from './grammar.js';

/** What a cluster template says to its nodes in free text. */
export interface NodeTexts {
  readonly httpProxy: string | null;
  readonly httpsProxy: string | null;
  readonly noProxy: string | null;
  readonly insecureRegistry: string | null;
}

/**
 * Looks at these texts as the bundles of nodes will, before anything is made.
 * @throws InvalidInput 'invalid-value' naming the field; the value of a proxy is not told
 */
export function checkNodeTexts({ httpProxy, httpsProxy, noProxy, insecureRegistry }: NodeTexts): void {
  if (httpProxy) checked('proxy', 'http_proxy', httpProxy);
  if (httpsProxy) checked('proxy', 'https_proxy', httpsProxy);
  if (noProxy) checkedNoProxy('no_proxy', noProxy);
  if (insecureRegistry) checked('registry', 'insecure_registry', insecureRegistry);
}
