import type { CloudSession } from '../session.js';
import { Images } from './images.js';

/** Glance. */
export class ImageService {
  readonly images: Images;

  constructor(session: CloudSession) {
    this.images = new Images(session);
  }
}
