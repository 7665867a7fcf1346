import type { ReactNode } from "react";

const icon = (paths: ReactNode) =>
  function Icon() {
    return (
      <svg
        aria-hidden="true"
        className="size-4.5 shrink-0"
        viewBox="0 0 20 20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {paths}
      </svg>
    );
  };

export const SendIcon = icon(<path d="M10 16V4m-5 5 5-5 5 5" />);
export const StopIcon = icon(
  <rect x="5.5" y="5.5" width="9" height="9" rx="1.5" fill="currentColor" />,
);
export const PlusIcon = icon(<path d="M10 4v12M4 10h12" />);
export const ListIcon = icon(<path d="M3.5 6h13M3.5 10h13M3.5 14h8" />);
export const MoreIcon = icon(
  <g fill="currentColor" stroke="none">
    <circle cx="4.5" cy="10" r="1.4" />
    <circle cx="10" cy="10" r="1.4" />
    <circle cx="15.5" cy="10" r="1.4" />
  </g>,
);
export const CloseIcon = icon(<path d="m5 5 10 10M15 5 5 15" />);
export const CheckIcon = icon(<path d="m4.5 10.5 3.5 3.5 7.5-8" />);
export const ChevronDownIcon = icon(<path d="m6 8 4 4 4-4" />);
export const ArrowDownIcon = icon(<path d="M10 4v12m-5-5 5 5 5-5" />);
export const CopyIcon = icon(<path d="M7 7V4.5h8.5V13H13M4.5 7H13v8.5H4.5z" />);
export const RetryIcon = icon(<path d="M15.5 8.5A6 6 0 1 0 16 11m0-7v4.5h-4.5" />);
export const PencilIcon = icon(<path d="m4 16 .8-3.5L13 4.3l2.7 2.7-8.2 8.2zM11.5 6l2.5 2.5" />);
export const TrashIcon = icon(<path d="M4 5.5h12M8 5.5V3.5h4v2M5.5 5.5l.7 11h7.6l.7-11" />);
export const WarnIcon = icon(<path d="M10 3.5 17.5 16.5h-15zM10 8.5v3.5m0 2.3v.1" />);
export const PersonIcon = icon(
  <path d="M10 10a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 10 10zm-6 6.5c.6-3 3-4.2 6-4.2s5.4 1.2 6 4.2" />,
);
export const WrapIcon = icon(
  <path d="M3.5 5.5h13M3.5 10h10a2.5 2.5 0 0 1 0 5H10m1.8-2L10 15l1.8 2" />,
);
