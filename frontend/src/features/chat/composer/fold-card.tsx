import { CardText } from "@/features/chat/queue/card-text";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { CloseIcon, PencilIcon } from "@/shared/ui/icons";
import type { Fold } from "./written";

interface Props {
  fold: Fold;
  onUnfold: () => void;
  onRemove: () => void;
}

/** A large text that stays out of the box: how it begins, and the ways to change it there and to take it away. */
export function FoldCard({ fold: { typed, pasted }, onUnfold, onRemove }: Props) {
  return (
    <li className="flex items-center gap-1 rounded-block bg-surface py-1 ps-2 pe-1">
      <div className="min-w-0 flex-1">
        {typed.trim() && <CardText text={typed.trim()} />}
        <p className="text-12 text-soft">{strings.composer.folded(pasted.length)}</p>
        <CardText text={pasted.trimStart()} isFaint />
      </div>
      <IconButton label={strings.composer.unfold} icon={<PencilIcon />} onClick={onUnfold} />
      <IconButton label={strings.composer.removeFold} icon={<CloseIcon />} onClick={onRemove} />
    </li>
  );
}
