// @peculiar/x509 finds its parts by decorators: the polyfill has to be there before it, whoever comes first.
import 'reflect-metadata';

export * as x509 from '@peculiar/x509';
