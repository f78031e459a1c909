// The picture's elements, made once per picture: nothing in here depends on the actor's state.
import { type ComponentChild, h } from 'preact';
import { useMemo } from 'preact/hooks';
import { draw, type Mark } from './draw.ts';
import type { MachineLayout, Picture } from './picture.ts';

export function Drawing({ layout, picture }: { readonly layout: MachineLayout; readonly picture: Picture }) {
  return useMemo(() => draw(layout, picture).map((mark, at) => element(mark, at)), [layout, picture]);
}

function element(mark: Mark | string, key: number): ComponentChild {
  if (typeof mark === 'string') return mark;
  return h(mark.tag, { ...mark.attributes, key }, ...mark.children.map(element));
}
